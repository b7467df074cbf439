"""The machine itself: user, swap, kernel, journal, rotation of logs."""

from __future__ import annotations

import pytest
from testinfra.host import Host


def test_the_user_of_the_services_has_no_shell_and_no_password(host: Host) -> None:
    user = host.user("daedalus")
    assert user.shell == "/usr/sbin/nologin"
    assert user.password in ("!", "!*", "*")
    assert user.uid < 1000


@pytest.mark.parametrize(
    "place",
    ["/", "/etc", "/etc/daedalus", "/opt/daedalus/current/bin", "/usr/local/bin", "/usr/local/lib/daedalus"],
)
def test_the_user_of_the_services_cannot_write_elsewhere(host: Host, place: str) -> None:
    done = host.run(f"setpriv --reuid=daedalus --regid=daedalus --clear-groups touch {place}/written")
    assert done.failed
    assert "Permission denied" in done.stderr


def test_a_service_cannot_write_elsewhere_whatever_it_may_read(host: Host) -> None:
    """Its own mounts, entered as root: read-only all over, but for its directories."""
    pid = host.check_output("systemctl show --property=MainPID --value daedalus-ingest@binance")
    for place in ("/etc", "/opt/daedalus", "/root", "/home", "/usr/local", "/srv"):
        assert host.run(f"nsenter --mount --target={pid} touch {place}/written").failed, place
    host.check_output(f"nsenter --mount --target={pid} touch /var/lib/daedalus/.written")
    host.check_output("rm /var/lib/daedalus/.written")


def test_secrets_are_readable_for_root_alone(host: Host) -> None:
    folder = host.file("/etc/daedalus/credentials")
    assert (folder.mode, folder.user) == (0o700, "root")
    assert sorted(folder.listdir()) == ["alert_urls", "s3_access_key", "s3_secret_key"]
    for name in folder.listdir():
        assert (host.file(f"{folder.path}/{name}").mode, host.file(f"{folder.path}/{name}").user) == (
            0o400,
            "root",
        )


def test_swap_and_kernel_are_as_asked_for(host: Host) -> None:
    assert "/var/swapfile file 512M" in host.check_output(
        "swapon --show=NAME,TYPE,SIZE --noheadings | tr -s ' '"
    )
    assert host.sysctl("vm.swappiness") == 10
    assert host.sysctl("fs.file-max") == 65535
    assert host.file("/etc/fstab").contains("^/var/swapfile none swap")


def test_the_journal_is_on_disk_and_bounded(host: Host) -> None:
    assert host.check_output("ls /var/log/journal")
    settings = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert "SystemMaxUse=200M" in settings


def test_logs_are_looked_at_every_hour(host: Host) -> None:
    assert "*-*-* *:00:00" in host.check_output("systemctl show --property=TimersCalendar logrotate.timer")
    host.check_output("logrotate --debug /etc/logrotate.d/daedalus")
