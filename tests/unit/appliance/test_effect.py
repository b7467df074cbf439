"""What is installed takes effect, also where the run that installed it was cut off."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LOOK = ROOT / "roles/workers/files/look.py"
SYSCTL = ROOT / "roles/sysctl/files/in_effect.sh"
UNITS = ("daedalus-ingest@binance.service", "daedalus-sync.service")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class Host:
    """Two services as processes of this machine, beside an installation in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.calls = root / "systemctl.calls"
        self.calls.touch()
        for release in ("1.0-old", "1.1-new"):
            (root / "releases" / release / "bin").mkdir(parents=True)
        (root / "current").symlink_to("releases/1.1-new")
        (root / "units").mkdir()
        for name in ("daedalus-ingest@.service", "daedalus-sync.service"):
            (root / "units" / name).write_text("[Service]\nEnvironment=DAEDALUS_UNIT=abc\n")
        (root / "etc/credentials").mkdir(parents=True)
        (root / "etc/credentials/s3_secret_key").write_text("new")
        self.hashes = {"ingest-binance": "h1", "sync": "h2"}
        self.running = dict(self.hashes)
        self.states = dict.fromkeys(UNITS, "active")

    def start(
        self, unit: str, release: str = "1.1-new", digest: str = "abc", secret: str | None = None
    ) -> None:
        """A process as systemd starts the service: its interpreter, its variables, its credentials."""
        environment = {"DAEDALUS_UNIT": digest}
        if secret is not None:
            given = self.root / "run" / unit
            given.mkdir(parents=True)
            (given / "s3_secret_key").write_text(secret)
            environment["CREDENTIALS_DIRECTORY"] = str(given)
        python = str(self.root / "releases" / release / "bin/python")
        self.processes[unit] = subprocess.Popen(
            [python, "-c", "import time; time.sleep(600)"], executable=sys.executable, env=environment
        )
        place = Path("/proc", str(self.processes[unit].pid), "cmdline")
        while not place.read_bytes().startswith(python.encode()):
            time.sleep(0.01)  # between fork and exec it is still this process

    @property
    def environment(self) -> dict[str, str]:
        rows = [
            {"worker": name, "state": "running", "config_hash": value} for name, value in self.running.items()
        ]
        told = {"workers": self.hashes}
        command = script(
            self.root / "bin/daedalus",
            f"case $1 in status) echo '{json.dumps(rows)}' ;; *) echo '{json.dumps(told)}' ;; esac",
        )
        pids = {unit: process.pid for unit, process in self.processes.items()}
        blocks = "\n\n".join(
            f"Id={unit}\nActiveState={self.states[unit]}\nMainPID={pids.get(unit, 0)}" for unit in UNITS
        )
        script(
            self.root / "path/systemctl",
            f'echo "$@" >>{self.calls}\ncase "$*" in\n'
            f"*Wants*) echo {' '.join(UNITS)} ;;\nshow*) echo '{blocks}' ;;\n*is-failed*) exit 1 ;;\nesac",
        )
        return {
            "DAEDALUS_COMMAND": str(command),
            "DAEDALUS_CURRENT": str(self.root / "current"),
            "DAEDALUS_CREDENTIALS": str(self.root / "etc/credentials"),
            "DAEDALUS_UNITS": str(self.root / "units"),
            "PATH": f"{self.root / 'path'}:{os.environ['PATH']}",
        }

    def stale(self) -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, LOOK, "--stale"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(done.stdout)["stale"])


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    for process in host.processes.values():
        process.kill()
        process.wait()


def test_workers_that_run_what_is_installed_are_left_alone(host: Host) -> None:
    host.start(UNITS[0])
    host.start(UNITS[1], secret="new")
    assert host.stale() == {}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda host: host.start(UNITS[0], release="1.0-old"), "another version"),
        (lambda host: host.start(UNITS[0], digest="abd"), "another unit file"),
        (lambda host: host.start(UNITS[0], secret="old"), "other secrets"),
        (lambda host: host.running.update({"ingest-binance": "h0"}), "another configuration"),
    ],
)
def test_a_worker_that_runs_something_else_is_named_with_what_differs(
    host: Host, change: Callable[[Host], None], why: str
) -> None:
    change(host)
    for unit in UNITS:
        if unit not in host.processes:
            host.start(unit)
    assert host.stale() == {UNITS[0]: f"it runs with {why} than installed"}


def test_one_that_failed_for_good_is_named_and_one_that_was_stopped_is_not(host: Host) -> None:
    host.states = {UNITS[0]: "failed", UNITS[1]: "inactive"}
    assert host.stale() == {UNITS[0]: "it has failed"}


def test_after_a_run_that_was_cut_off_the_next_restarts_what_runs_something_else(
    host: Host, play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration was placed, the restart never came, and no file changes any more."""
    host.running["ingest-binance"] = "h0"
    host.start(UNITS[0])
    host.start(UNITS[1])
    monkeypatch.setenv("PATH", host.environment["PATH"])
    about = {
        "workers_command_directory": str(host.root / "bin"),
        "workers_release_directory": str(host.root / "current"),
        "workers_config_directory": str(host.root / "etc"),
        "workers_unit_directory": str(host.root / "units"),
    }
    role = [{"name": "Role", "ansible.builtin.import_role": {"name": "workers", "tasks_from": "effect"}}]
    assert play(role, check=True, **about)["changed"] == 0
    assert play(role, **about)["changed"] == 1
    assert [
        line for line in host.calls.read_text().splitlines() if "restart" in line or "reload" in line
    ] == [
        "daemon-reload",
        "try-restart daedalus-ingest@binance.service",
    ]
    host.running["ingest-binance"] = "h1"
    assert host.environment
    assert play(role, **about)["changed"] == 0


def test_a_file_that_was_placed_takes_effect_in_the_next_run_where_this_one_was_cut_off(
    play: Any, tmp_path: Path
) -> None:
    effect = script(tmp_path / "effect", f"[ -e {tmp_path}/ready ] && echo done >>{tmp_path}/effects")
    placed = {
        "files": [{"path": str(tmp_path / "a.conf"), "content": "x\n"}],
        "effect": [[str(effect)]],
        "mark": str(tmp_path / "run/mark"),
    }
    for each in placed["files"]:
        each |= {"owner": _name("user"), "group": _name("group")}  # type: ignore[operator]
    task = [{"name": "Placed", "placed_files": placed}]
    play(task, fails=True)
    assert (tmp_path / "a.conf").read_text() == "x\n", "the change is there, its effect is not"
    (tmp_path / "ready").touch()
    assert play(task, check=True)["changed"] == 1
    assert play(task)["changed"] == 1
    assert (tmp_path / "effects").read_text() == "done\n"
    assert play(task)["changed"] == 0
    assert (tmp_path / "effects").read_text() == "done\n"


def test_a_kernel_that_has_other_values_gets_them_though_the_file_has_not_changed(tmp_path: Path) -> None:
    (tmp_path / "90.conf").write_text("# Why.\n-vm.swappiness = 10\n-net.tcp_rmem = 4 5 6\n-not.there = 1\n")
    proc = tmp_path / "proc"
    for name, value in (("vm/swappiness", "60\n"), ("net/tcp_rmem", "4\t5\t6\n")):
        (proc / name).parent.mkdir(parents=True)
        (proc / name).write_text(value)
    systemctl = script(tmp_path / "path/systemctl", f'[ "$1" = restart ] && echo 10 >{proc}/vm/swappiness')
    environment = {**os.environ, "SYSCTL_PROC": str(proc), "PATH": f"{systemctl.parent}:{os.environ['PATH']}"}

    def run(mode: str) -> str:
        return subprocess.run(
            [SYSCTL, mode, tmp_path / "90.conf"], env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert run("look") == ""
    assert (proc / "vm/swappiness").read_text() == "60\n"
    assert run("apply") == "applied vm.swappiness\n"
    assert run("apply") == ""
    (proc / "net/tcp_rmem").write_text("1 2 3\n")
    assert run("apply").startswith("refused: net.tcp_rmem is 1 2 3")


def _name(what: str) -> str:
    found = subprocess.run(
        ["stat", "-c", "%U" if what == "user" else "%G", os.curdir],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


def test_the_scripts_can_be_run() -> None:
    assert SYSCTL.stat().st_mode & stat.S_IXUSR
