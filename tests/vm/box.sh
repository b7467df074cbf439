#!/bin/sh
# Makes a Vagrant box of the machine's image, for the provider libvirt: box.sh IMAGE_FOLDER BOX_FILE
#
# The image has no boot loader: the box names the kernel for libvirt to boot.
set -eu
image=$1 box=$2
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT

ln -s "$image/disk.qcow2" "$aside/box.img"
cp "$image/vmlinuz" "$image/initrd.img" "$image/key" "$aside/"
echo '{"provider": "libvirt", "format": "qcow2", "virtual_size": 8}' >"$aside/metadata.json"
cat >"$aside/Vagrantfile" <<'VAGRANTFILE'
Vagrant.configure("2") do |config|
  here = File.dirname(__FILE__)
  config.ssh.private_key_path = File.join(here, "key")
  config.ssh.insert_key = false
  config.vm.provider "libvirt" do |libvirt|
    libvirt.emulator_path = "/usr/bin/qemu-system-aarch64"
    libvirt.kernel = File.join(here, "vmlinuz")
    libvirt.initrd = File.join(here, "initrd.img")
    libvirt.cmd_line = "root=/dev/vda rw console=ttyAMA0 quiet mitigations=off"
  end
end
VAGRANTFILE
tar -C "$aside" -chzf "$box.new" --use-compress-program='gzip -1' metadata.json box.img Vagrantfile vmlinuz initrd.img key 2>/dev/null ||
    tar -C "$aside" -ch -f "$box.new" metadata.json box.img Vagrantfile vmlinuz initrd.img key
mv "$box.new" "$box"
