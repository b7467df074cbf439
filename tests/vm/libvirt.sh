#!/bin/sh
# Starts libvirt on a computer without systemd, a container for example: libvirt.sh start | stop
#
# What it does by itself elsewhere: guarding processes by control groups, name spaces and security modules that are not there.
set -eu
run=/run/daedalus-libvirt

case $1 in
start)
    virsh -q -c qemu:///system list >/dev/null 2>&1 && exit 0
    # Where there is systemd it is a service like others, with settings that are its owner's.
    [ ! -d /run/systemd/system ] || { systemctl start libvirtd && exit 0; }
    mkdir -p "$run" /run/dbus
    cat >/etc/libvirt/qemu.conf <<'CONF'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
CONF
    [ -S /run/dbus/system_bus_socket ] || dbus-daemon --system --fork --print-pid >"$run/dbus.pid"
    virtlogd -d -p "$run/virtlogd.pid"
    libvirtd -d -p "$run/libvirtd.pid"
    for _ in $(seq 60); do
        virsh -q -c qemu:///system list >/dev/null 2>&1 && exit 0
        sleep 1
    done
    echo "libvirt does not start" >&2
    exit 1
    ;;
stop)
    for each in libvirtd virtlogd dbus; do
        [ ! -f "$run/$each.pid" ] || kill "$(cat "$run/$each.pid")" 2>/dev/null || true
    done
    rm -rf "$run"
    ;;
esac
