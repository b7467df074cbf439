"""The services run, within effective limits, in their sandbox."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import RUN, SERVICES
from testinfra.host import Host

ROOT = Path(__file__).parents[4]


def test_all_services_run_and_start_with_the_machine(host: Host) -> None:
    names = " ".join(f"daedalus-{name}" for name in SERVICES)
    assert host.check_output(f"systemctl is-active {names}").split() == ["active"] * len(SERVICES)
    assert host.check_output(f"systemctl is-enabled {names} daedalus.target").split() == ["enabled"] * 6
    assert host.check_output("systemctl --failed --quiet --no-legend --plain") == ""
    assert host.check_output(f"systemctl show --property=NRestarts --value {names}").split() == ["0"] * 5


def test_systemd_shows_what_a_recorder_does_in_one_line(host: Host) -> None:
    line = host.check_output("systemctl show --property=StatusText --value daedalus-ingest@binance")
    assert re.search(r"\d+ msg/s", line), line


def test_the_limits_hold_in_the_kernel(host: Host) -> None:
    limits = "memory.high memory.max memory.swap.max"
    for name in SERVICES:
        group = f"$(systemctl show --property=ControlGroup --value daedalus-{name})"
        found = host.check_output(f"cd /sys/fs/cgroup{group}; cat {limits}; pwd").split()
        assert found[:3] == [str(1536 << 20), str(2 << 30), str(512 << 20)]
        assert found[3].startswith("/sys/fs/cgroup/daedalus.slice/")
    of_all = host.check_output("cat /sys/fs/cgroup/daedalus.slice/memory.max")
    total = int(host.check_output("awk '/^MemTotal/ { print $2 }' /proc/meminfo")) * 1024
    assert int(of_all) == pytest.approx(total * 0.85, rel=0.01)


def test_systemd_finds_each_service_well_caged(host: Host) -> None:
    for name in SERVICES:
        host.run_expect([0], f"systemd-analyze security --threshold=20 --no-pager daedalus-{name}.service")


def test_the_login_of_the_pi_may_look_without_sudo(host: Host) -> None:
    rows = json.loads(host.check_output("sudo -u vagrant daedalus status --json"))
    assert {row["worker"]: row["state"] for row in rows} == {
        name.replace("@", "-"): "running" for name in SERVICES
    }


def test_the_doctor_finds_nothing_bad(host: Host) -> None:
    found = json.loads(host.run("daedalus doctor --json").stdout)
    # The machine reaches no time server, and the doctor reports that.
    bad = [each for each in found if each["level"] == "bad" and each["check"] != "clock"]
    assert found
    assert not bad, bad


def test_one_word_stops_and_starts_all_of_it(host: Host, eventually: Any) -> None:
    names = " ".join(f"daedalus-{name}" for name in SERVICES)
    host.check_output("daedalus stop")
    assert host.run(f"systemctl is-active {names}").stdout.split() == ["inactive"] * len(SERVICES)
    host.check_output("daedalus start")
    eventually(
        lambda: host.run(f"systemctl is-active {names}").stdout.split() == ["active"] * len(SERVICES),
        "all services to run again",
    )


def test_what_the_exchanges_sent_until_then_arrives_in_the_lake_once(
    host: Host, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    def arrived() -> Any:
        command = [ROOT / ".venv/bin/python", ROOT / "tests/vm/lake.py", RUN / "surroundings"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures = json.loads(done.stdout)
        tables = ("trades", "quotes", "book_updates", "raw")
        return all(figures[name][table] for name in figures for table in tables) and figures

    figures = eventually(arrived, "rows of every table of both exchanges")
    for exchange in figures.values():
        assert exchange["twice"] == 0
        assert {gap["cause"] for gap in exchange["gaps"]} <= {"restart"}
