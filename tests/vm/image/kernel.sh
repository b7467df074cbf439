#!/bin/bash
# Debian's kernel for virtual machines, unpacked into $root, and an initramfs made by hand: kernel.sh APT_SOURCES
#
# The kernel has ext4, the console and PCI built in; what is missing to reach the disk are the modules of virtio. Installed as
# a package it would make its initramfs under emulation, for half an hour.
set -euo pipefail
state=$work/apt modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk"
rm -rf "$state" "$work/fetched" "$work/kernel" "$work/initramfs"
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$work/fetched" "$work/initramfs"/{bin,proc,dev,new,lib}

# The host's apt, on a state of its own.
: >"$state/status"
suffix=list
[ "${1##*.}" != sources ] || suffix=sources
mkdir -p "$state/sources"
cp "$1" "$state/sources/debian.$suffix"
fetch() {
    apt-get -q -q -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::State::lists="$state/lists" \
        -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$state/sources" \
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Acquire::Retries=5 -o APT::Sandbox::User=root \
        -o Acquire::Languages=none "$@"
}
fetch update
package=$(apt-cache -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::State::lists="$state/lists" \
    -o Dir::Cache="$state/cache" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$state/sources" \
    -o APT::Architecture=arm64 depends linux-image-cloud-arm64 | awk '/Depends: linux-image-/ { print $2; exit }')
(cd "$work/fetched" && fetch download "$package:arm64" busybox-static:arm64)
# Aside: /lib is a link in the root, which unpacking over it would replace.
dpkg-deb -x "$work"/fetched/linux-image-*.deb "$work/kernel"
dpkg-deb -x "$work"/fetched/busybox-static_*.deb "$work/busybox"

version=$(ls "$work/kernel/lib/modules")
mkdir -p "$root/usr/lib/modules"
mv "$work/kernel/lib/modules/$version" "$root/usr/lib/modules/"
depmod -b "$root" "$version"
mv "$work/kernel/boot/vmlinuz-$version" "$work/vmlinuz"

cp "$work/busybox/bin/busybox" "$work/initramfs/bin/busybox"
for each in $modules; do
    found=$(find "$root/usr/lib/modules/$version/kernel" -name "$each.ko*")
    [ -z "$found" ] || cp "$found" "$work/initramfs/lib/"
done
{
    echo '#!/bin/busybox sh'
    echo '/bin/busybox mount -t proc none /proc; /bin/busybox mount -t devtmpfs none /dev'
    for each in $modules; do
        [ ! -e "$work/initramfs/lib/$each.ko" ] || echo "/bin/busybox insmod /lib/$each.ko"
    done
    echo 'until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done'
    echo '/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /new || exec /bin/busybox sh'
    echo '/bin/busybox umount /proc; /bin/busybox mount --move /dev /new/dev'
    echo 'exec /bin/busybox switch_root /new /sbin/init'
} >"$work/initramfs/init"
chmod +x "$work/initramfs/init"
(cd "$work/initramfs" && ln -s busybox bin/sh && find . | cpio --quiet -o -H newc | gzip -9 >"$work/initrd.img")
