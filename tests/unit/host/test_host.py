"""What is read of made-up machines, and of this one."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from daedalus import host
from daedalus.host import Power, Throttling


def made(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_this_machine_can_be_read() -> None:
    root = Path("/")
    assert host.read_memory_total(root)
    assert host.mount_of(PurePosixPath("/proc/self"), host.read_mounts(root))
    host.read_clock(root), host.read_power(root), host.read_temperature(root), host.controllers(root)


def test_of_a_machine_that_says_nothing_nothing_is_known(tmp_path: Path) -> None:
    assert host.read_clock(tmp_path).synchronized is None
    assert host.controllers(tmp_path) is None
    assert host.own_cgroup(1, tmp_path) is None
    assert host.read_memory("/x.service", tmp_path) is None
    assert host.read_swaps(tmp_path) is None
    assert host.read_oom_kills(tmp_path) is None
    assert host.read_power(tmp_path) is None
    assert host.read_temperature(tmp_path) is None
    assert host.read_model(tmp_path) is None
    assert host.read_mounts(tmp_path) == ()
    assert host.read_swapped(1, tmp_path) == 0


@pytest.mark.parametrize(
    ("flags", "now", "since"),
    [
        ("0", Throttling(), Throttling()),
        (
            "50005",
            Throttling(undervoltage=True, throttled=True),
            Throttling(undervoltage=True, throttled=True),
        ),
        ("e0000", Throttling(), Throttling(capped=True, throttled=True, hot=True)),
    ],
)
def test_the_firmwares_flags_are_those_of_now_and_since_boot(
    tmp_path: Path, flags: str, now: Throttling, since: Throttling
) -> None:
    root = made(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": f"{flags}\n"})
    assert host.read_power(root) == Power(now=now, since_boot=since)


def test_without_flags_the_voltage_alarm_is_found_whatever_its_number(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        {
            "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
            "sys/class/hwmon/hwmon3/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon3/in0_lcrit_alarm": "1\n",
        },
    )
    assert host.read_power(root) == Power(now=Throttling(undervoltage=True))


def test_the_hottest_zone_counts(tmp_path: Path) -> None:
    zones = {
        f"sys/class/thermal/thermal_zone{n}/temp": text for n, text in enumerate(["48312", "61000", "x"])
    }
    assert host.read_temperature(made(tmp_path, zones)) == 61.0


@pytest.mark.parametrize(
    ("files", "synchronized"),
    [
        ({"run/systemd/timesync/synchronized": ""}, True),
        ({"run/systemd/timesync/other": ""}, False),
        ({}, None),
    ],
)
def test_the_time_services_word_counts(
    tmp_path: Path, files: dict[str, str], synchronized: bool | None
) -> None:
    assert host.read_clock(made(tmp_path, files)).synchronized is synchronized


def test_swaps_and_kills_and_memory_are_read_in_bytes(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        {
            "proc/swaps": "Filename Type Size Used Priority\n/var/swap file 2097148 1024 -2\n",
            "proc/vmstat": "nr_free_pages 7\noom_kill 3\n",
            "proc/meminfo": "MemTotal:  4000 kB\n",
        },
    )
    (swap,) = host.read_swaps(root) or ()
    assert (swap.name, swap.size, swap.used) == ("/var/swap", 2097148 * 1024, 1024 * 1024)
    assert host.read_oom_kills(root) == 3
    assert host.read_memory_total(root) == 4_096_000


def test_a_path_lies_on_the_last_mount_of_the_longest_name(tmp_path: Path) -> None:
    mounts = (
        "/dev/a / ext4 rw 0 0\n/dev/b /mnt ext4 rw 0 0\n"
        "/dev/c /mnt ext4 ro,noatime 0 0\n/dev/d /mntx ext4 rw 0 0\n"
    )
    found = host.read_mounts(made(tmp_path, {"proc/self/mounts": mounts}))
    mount = host.mount_of(PurePosixPath("/mnt/data"), found)
    assert mount is not None
    assert (mount.source, mount.read_only) == ("/dev/c", True)
