#!/bin/sh
# Makes the virtual environment of the release that this script lies in, from its locks alone.
#
#     build.sh PYTHON [WHEELHOUSE]
#
# Removes the remains of an earlier attempt first and writes .complete last: a release without that file is not used.
set -eu
release=$(cd "$(dirname "$0")" && pwd)
python=$1 wheelhouse=${2:-}
# On Debian 13 /tmp is memory, and unpacked wheels are large.
export TMPDIR=/var/tmp

cd "$release"
rm -rf .complete bin include lib lib64 pyvenv.cfg share
"$python" -m venv "$release"
pip() { bin/python -m pip --disable-pip-version-check --no-input --quiet "$@"; }
# Files are accepted by their hash, and as wheels, which run no setup code. pip would compile on one processor; see below.
pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: \
    ${wheelhouse:+--no-index --find-links "$wheelhouse"} \
    -r source/requirements.lock -r source/requirements-build.lock
pip install --no-cache-dir --no-compile --no-index --no-deps --no-build-isolation ./source
# Some packages contain templates of code, which do not compile and never run.
bin/python -m compileall -q -j 0 lib >/dev/null || true
bin/daedalus --version
sync
touch .complete
