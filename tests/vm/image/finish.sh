#!/bin/sh
# Makes the installed packages a machine that one can log in to: finish.sh ROOT PUBLIC_KEY
set -eu
root=$1 key=$2

for program in usr/sbin/update-ca-certificates usr/bin/py3compile; do
    rm "$root/$program"
    chroot "$root" dpkg-divert --local --quiet --rename --remove "/$program"
done
# What they would have made. This computer's Python is that of the same release, and its byte code the same.
mkdir -p "$root/etc/ssl/certs"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
/usr/bin/python3 -m compileall -q -j0 -s "$root" -p / "$root/usr/lib/python3" >/dev/null
rm -f "$root/etc/ssh/ssh_host_rsa_key"* "$root/etc/ssh/ssh_host_ecdsa_key"*

echo daedalus >"$root/etc/hostname"
printf '127.0.0.1 localhost daedalus\n::1 localhost\n' >"$root/etc/hosts"
: >"$root/etc/machine-id"
echo '/dev/vda / ext4 defaults,noatime 0 1' >"$root/etc/fstab"
# The name servers of QEMU's own network and of libvirt's.
rm -f "$root/etc/resolv.conf"
printf 'nameserver 10.0.2.3\nnameserver 192.168.121.1\noptions timeout:2 attempts:2\n' >"$root/etc/resolv.conf"
cat >"$root/etc/systemd/network/20-wired.network" <<'NETWORK'
[Match]
Name=e*
[Network]
DHCP=yes
NETWORK

chroot "$root" useradd --create-home --shell /bin/bash vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/vagrant"
chmod 0440 "$root/etc/sudoers.d/vagrant"
for home in root home/vagrant; do
    install -d -m 0700 "$root/$home/.ssh"
    install -m 0600 "$key" "$root/$home/.ssh/authorized_keys"
done
chroot "$root" chown -R vagrant: /home/vagrant/.ssh
# Without reverse look-ups of whoever logs in.
echo 'UseDNS no' >"$root/etc/ssh/sshd_config.d/vm.conf"

# Nothing that comes by itself and takes the emulated processors for minutes.
systemctl --root="$root" --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer \
    systemd-firstboot.service
systemctl --root="$root" --quiet enable systemd-networkd.service serial-getty@ttyAMA0.service
