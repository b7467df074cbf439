#!/bin/sh
# Puts aside what takes minutes under emulation, before the packages are configured: divert.sh ROOT HOST_KEY
set -eu
root=$1
for program in usr/sbin/update-ca-certificates usr/bin/py3compile; do
    chroot "$root" dpkg-divert --local --quiet --rename --add "/$program"
    mkdir -p "$root/$(dirname "$program")"
    ln -s /bin/true "$root/$program"
done
# A host key that is there is not made anew.
mkdir -p "$root/etc/ssh"
for type in rsa ecdsa ed25519; do
    install -m 0600 "$2" "$root/etc/ssh/ssh_host_${type}_key"
    install -m 0644 "$2.pub" "$root/etc/ssh/ssh_host_${type}_key.pub"
done
