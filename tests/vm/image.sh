#!/bin/bash
# Builds the machine's image from Debian's packages of this computer's own release:
#
#     image.sh DIRECTORY      leaves disk.qcow2, vmlinuz, initrd.img, key, key.pub and known_hosts there
#
# Emulated programs are the slow part, so as few as possible run: what three of Debian's maintainer scripts do is done
# by this computer afterwards, and the kernel is unpacked, not configured.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
size=8G

refuse() { echo "The virtual machine cannot be built here: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || refuse "only root may make a root file system. Run it as root, once; the image is kept."
# shellcheck source=/dev/null
. /etc/os-release
[ "$ID" = debian ] || refuse "this is $PRETTY_NAME, and the image is made of the host's own Debian release."
sources=/etc/apt/sources.list.d/debian.sources
[ -f "$sources" ] || sources=/etc/apt/sources.list
[ -f "$sources" ] || refuse "neither /etc/apt/sources.list nor /etc/apt/sources.list.d/debian.sources is there."

work=$(mktemp -d)
trap 'umount -R "$work" 2>/dev/null; rm -rf "$work"' EXIT
# In memory: the thousands of fsync of dpkg cost nothing there.
mount -t tmpfs -o size=3G daedalus-image "$work" || refuse "root may not mount a tmpfs (a container needs --privileged)."
root=$work/root

# Programs of arm64 run on this computer.
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
    refuse "the kernel has no binfmt_misc, so that no arm64 program can run."
[ "$(dpkg --print-architecture)" = arm64 ] || [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] ||
    update-binfmts --enable qemu-aarch64 || refuse "qemu-aarch64 cannot be registered with binfmt_misc."

retry() { for _ in 1 2 3 4; do "$@" && return; echo "again: $1" >&2; sleep 15; done; "$@"; }

mkdir -p "$out" "$work/keys"
ssh-keygen -q -t ed25519 -N '' -C daedalus-vm -f "$work/keys/key"
ssh-keygen -q -t ed25519 -N '' -C host -f "$work/keys/host"
packages=$(grep -v '^#' "$here/image/packages.txt" | paste -sd,)

bootstrap() {
    rm -rf "$root"
    mmdebstrap --quiet --mode=root --format=directory --architectures=arm64 --variant=apt \
        --aptopt='Acquire::Retries "5"' --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --include="$packages" \
        --essential-hook="$here/image/divert.sh \"\$1\" \"$work/keys/host\"" \
        --customize-hook="$here/image/finish.sh \"\$1\" \"$work/keys/key.pub\"" \
        "$VERSION_CODENAME" "$root" "$sources"
}
retry bootstrap

export work root
retry "$here/image/kernel.sh" "$sources"

truncate -s "$size" "$work/disk.raw"
mkfs.ext4 -q -L root -d "$root" "$work/disk.raw"
qemu-img convert -O qcow2 "$work/disk.raw" "$out/disk.qcow2"
install -m 0644 "$work/vmlinuz" "$work/initrd.img" "$out/"
install -m 0600 "$work/keys/key" "$out/key"
install -m 0644 "$work/keys/key.pub" "$out/key.pub"
# The machine is reached by a forwarded port, which differs from run to run; the name stays (HostKeyAlias).
echo "daedalus-vm $(cut -d' ' -f1,2 "$work/keys/host.pub")" >"$out/known_hosts"
