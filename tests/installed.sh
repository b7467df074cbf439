#!/usr/bin/env bash
# The wheel as somebody gets it: installed into an empty environment, away from the checkout, it records, audits and is a library.
#   installed.sh PYTHON WHEEL
# Its dependencies are those of the lock, with their hashes; pip has most of them from its cache.
set -euo pipefail
here="$(cd "$(dirname "$0")/.." && pwd)"
python="$(realpath --no-symlinks "$(command -v "$1")")"
wheel="$(realpath "$2")"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT

"$python" -m venv "$place/venv"
bin="$place/venv/bin"
"$bin/pip" install --quiet --no-compile --disable-pip-version-check --require-hashes -r "$here/workers/requirements.lock"
"$bin/pip" install --quiet --disable-pip-version-check --no-deps "$wheel"
"$bin/pip" check

mkdir "$place/away"
cd "$place/away"
unset PYTHONPATH
export XDG_STATE_HOME="$place/state"
"$bin/daedalus" --version
"$bin/daedalus" demo --duration 5
"$bin/daedalus" audit data/demo/lake
"$bin/python" - <<'CODE'
import daedalus

report = daedalus.audit("data/demo/lake")
assert report.streams, "nothing was recorded"
assert report.sound, report.findings
assert "site-packages" in daedalus.__file__, daedalus.__file__
CODE
echo "$("$bin/python" --version): the wheel records and reads back by itself"
