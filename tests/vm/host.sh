#!/bin/sh
# What this computer needs to build and run an arm64 machine: Debian's own packages, installed where they are missing.
set -eu

packages="arch-test binfmt-support cpio e2fsprogs kmod mmdebstrap openssh-client qemu-system-arm qemu-user-static qemu-utils zstd"

refuse() { echo "The virtual machine cannot be built here: $*" >&2; exit 1; }

[ "$(uname -s)" = Linux ] || refuse "it is made from Debian's packages, on a Linux host."
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
    refuse "there is no apt-get. Take a Debian host (a container does, if it may mount)."

missing=
for each in $packages; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$each" 2>/dev/null | grep -q '^ii' || missing="$missing $each"
done
if [ -n "$missing" ]; then
    [ "$(id -u)" -eq 0 ] || refuse "root must install$missing. Run: sudo tests/vm/host.sh"
    echo "installing on this computer:$missing"
    export DEBIAN_FRONTEND=noninteractive
    for attempt in 1 2 3 4 5; do
        # One source of several that does not answer is no reason to give up: what is needed is Debian's own.
        apt-get -q -q -o Acquire::Retries=5 update || true
        # shellcheck disable=SC2086 # words
        apt-get -q -q -y -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing \
            </dev/null >/dev/null && break
        [ "$attempt" -lt 5 ] || refuse "apt-get could not install$missing."
        sleep $((attempt * 10))
    done
fi
