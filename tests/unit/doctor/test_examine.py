"""The whole examination, of a made-up Pi and of this machine."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from faults.proxy import a_proxy
from support.statuses import status_of

from daedalus.config import Config
from daedalus.doctor import Finding, Level, as_json, as_table, examine
from daedalus.storage.errors import TargetError, TargetErrorKind
from daedalus.store.layout import Layout
from daedalus.worker.status import write_status


def agree(config: Config) -> None:
    pass


def refuse(config: Config) -> None:
    raise TargetError(
        TargetErrorKind.CREDENTIALS, "s3://lake", "the store does not know the key", "Correct it."
    )


def configuration(tmp_path: Path, port: int = 9, text: str = "", host: str = "127.0.0.1") -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"data_dir: {tmp_path}/data\n"
        f"exchanges: {{binance: {{symbols: [BTCUSDT], websocket_url: 'ws://{host}:{port}'}}}}\n{text}"
    )
    return path


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {each.check: each for each in findings}


def pi(root: Path, pid: int, limit: str = "2000000000") -> Path:
    """A Pi whose kernel has no memory controller, on a weak supply, with a worker that is a unit."""
    group = "daedalus.slice/daedalus-ingest@binance.service"
    files = {
        "proc/cmdline": "console=tty1 cgroup_disable=memory root=x\n",
        "proc/meminfo": "MemTotal: 3884136 kB\n",
        "proc/swaps": "Filename Type Size Used Priority\n",
        "proc/vmstat": "oom_kill 1\n",
        "proc/self/mounts": "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n",
        f"proc/{pid}/cgroup": f"0::/{group}\n",
        "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
        "sys/class/thermal/thermal_zone0/temp": "83000\n",
        "run/systemd/timesync/here": "",
        "run/log/journal/id/system.journal": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_pi_in_trouble_is_told_all_of_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    heard = status_of("ingest-binance", last_message_ns=time.time_ns(), messages_per_second=5.0)
    for status in (heard, status_of("sync")):
        write_status(layout.status, status)
    root = pi(tmp_path / "root", os.getpid())
    found = by_check(examine(configuration(tmp_path), ask_store=agree, offline=True, root=root))
    levels = {name: each.level.value for name, each in found.items()}
    assert {name for name, level in levels.items() if level == "bad"} == {
        "memory control group",
        "temperature",
        "power supply",
        "clock",
        "the root is writable",
        "data_dir is writable",
        "limits of daedalus-ingest@binance.service",
    }
    assert {name for name, level in levels.items() if level == "warn"} == {
        "swap",
        "out of memory",
        "journal",
        "alerts",
        "normalize",
        "ingest-binance is up to date",  # its status names no version
        "sync is up to date",
    }


@pytest.mark.server
def test_an_exchange_that_answers_is_reachable_and_a_store_that_does_not_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = configuration(tmp_path, server.getsockname()[1], "sync: {target: 's3://lake'}\n")
        found = by_check(examine(path, ask_store=refuse))
    assert found["binance is reachable"].level is Level.OK
    assert found["store is reachable"].found == "s3://lake: the store does not know the key"
    assert found["store is reachable"].remedy == "Correct it."


def test_an_exchange_that_refuses_is_told_and_nothing_is_created(tmp_path: Path) -> None:
    found = by_check(examine(configuration(tmp_path), ask_store=agree))
    assert "Connection refused" in found["binance is reachable"].found
    assert found["store is reachable"].level is Level.OK
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("text", ["exchanges: {binance: {symbols: BTCUSDT}}\nlog: {level: loud}\n", None])
def test_a_wrong_configuration_is_one_finding_among_those_of_the_machine(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    *machine, last = examine(path, ask_store=agree)
    assert (last.check, last.level) == ("configuration", Level.BAD)
    assert str(path) in last.found
    assert len(machine) > 8


def test_findings_are_shown_and_written_for_machines(tmp_path: Path) -> None:
    import json

    from rich.console import Console

    findings = examine(configuration(tmp_path), ask_store=agree, offline=True)
    with open(os.devnull, "w") as nowhere:
        Console(file=nowhere, width=80).print(as_table(findings))
    assert [each["check"] for each in json.loads(as_json(findings))] == [each.check for each in findings]


@pytest.mark.server
def test_an_exchange_is_looked_for_through_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server, a_proxy("geheim") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        port = server.getsockname()[1]
        path = configuration(tmp_path, port, host="exchange.invalid")
        found = by_check(examine(path, ask_store=agree))
        assert found["binance is reachable"].level is Level.OK
        assert proxy.asked == [f"exchange.invalid:{port}"]
        proxy.password = "another one"
        found = by_check(examine(path, ask_store=agree))
        assert "the proxy of the environment: " in found["binance is reachable"].found
        assert "407" in found["binance is reachable"].found
