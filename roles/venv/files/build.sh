#!/bin/sh
# Makes the virtual environment of the release that this script lies in, from its locks alone.
#
#     build.sh PYTHON [WHEELHOUSE]
#
# What an earlier attempt left is removed first; .complete is written last, so that a release is whole or not there.
set -eu
release=$(cd "$(dirname "$0")" && pwd)
python=$1 wheelhouse=${2:-}
# On Debian 13 /tmp is memory, and unpacked wheels are large.
export TMPDIR=/var/tmp

cd "$release"
rm -rf .complete bin include lib lib64 pyvenv.cfg share
"$python" -m venv "$release"
pip() { bin/python -m pip --disable-pip-version-check --no-input --quiet "$@"; }
# Every file is named by its hash, and none of them runs a setup of its own. pip compiles with one processor; see below.
pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: \
    ${wheelhouse:+--no-index --find-links "$wheelhouse"} \
    -r source/requirements.lock -r source/requirements-build.lock
pip install --no-cache-dir --no-compile --no-index --no-deps --no-build-isolation ./source
# What cannot be compiled (templates of code that some packages bring along) is nothing that runs.
bin/python -m compileall -q -j 0 lib >/dev/null || true
bin/daedalus --version
sync
touch .complete
