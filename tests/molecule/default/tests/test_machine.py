"""The machine itself: user, swap, kernel, journal, rotation of logs."""

from __future__ import annotations

from testinfra.host import Host

PROGRAMS = ("/opt/daedalus/current/bin", "/usr/local/bin", "/usr/local/lib/daedalus")


def test_the_user_of_the_services_has_no_shell_and_no_password(host: Host) -> None:
    passwd, shadow = host.check_output("getent passwd daedalus; getent shadow daedalus").splitlines()
    assert passwd.split(":")[6] == "/usr/sbin/nologin"
    assert int(passwd.split(":")[2]) < 1000
    assert shadow.split(":")[1] in ("!", "!*", "*")


def test_the_user_of_the_services_cannot_write_elsewhere(host: Host) -> None:
    tries = " ".join(f"{place}/written" for place in ("", "/etc", "/etc/daedalus", *PROGRAMS))
    done = host.run(f"setpriv --reuid=daedalus --regid=daedalus --clear-groups touch {tries}")
    assert done.stderr.count("Permission denied") == len(tries.split()), done.stderr


def test_a_service_cannot_write_elsewhere_whatever_it_may_read(host: Host) -> None:
    """Its own mounts, entered as root: read-only except for its directories."""
    pid = host.check_output("systemctl show --property=MainPID --value daedalus-ingest@binance")
    tries = " ".join(f"{place}/written" for place in ("/etc", "/root", "/home", "/srv", *PROGRAMS))
    done = host.run(f"nsenter --mount --target={pid} touch /var/lib/daedalus/written {tries}")
    host.check_output("rm /var/lib/daedalus/written")
    assert done.stderr.count("touch: cannot touch") == len(tries.split()), done.stderr


def test_secrets_are_readable_for_root_alone(host: Host) -> None:
    found = host.check_output("cd /etc/daedalus/credentials; stat -c '%n %a %U' . *").splitlines()
    assert found[0] == ". 700 root"
    assert found[1:] == [f"{name} 400 root" for name in ("alert_urls", "s3_access_key", "s3_secret_key")]


def test_swap_and_kernel_are_as_asked_for(host: Host) -> None:
    assert "/var/swapfile file 512M" in host.check_output(
        "swapon --show=NAME,TYPE,SIZE --noheadings | tr -s ' '"
    )
    assert host.check_output("sysctl -n vm.swappiness fs.file-max").split() == ["10", "65535"]
    host.check_output("grep '^/var/swapfile none swap' /etc/fstab")


def test_the_journal_is_on_disk_and_bounded(host: Host) -> None:
    assert host.check_output("ls /var/log/journal")
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert "SystemMaxUse=200M" in settings


def test_logs_are_looked_at_every_hour(host: Host) -> None:
    assert "*-*-* *:00:00" in host.check_output("systemctl show --property=TimersCalendar logrotate.timer")
    host.check_output("logrotate --debug /etc/logrotate.d/daedalus")
