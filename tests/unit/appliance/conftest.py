"""Runs the roles themselves, with Ansible, on a made-up root below a temporary directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
Play = Callable[..., dict[str, Any]]


def _ansible() -> str | None:
    beside = Path(sys.executable).with_name("ansible-playbook")
    return str(beside) if beside.exists() else shutil.which("ansible-playbook")


@pytest.fixture(scope="session")
def ansible() -> str:
    """The command; the tests need the extra `appliance`."""
    found = _ansible()
    if found is None:
        pytest.skip("ansible-playbook is not here: pip install -r workers/requirements-appliance.lock")
    return found


@pytest.fixture
def play(ansible: str, tmp_path: Path) -> Play:
    """Runs tasks on this machine; gives Ansible's figures and its output. ``check=True``: --check --diff."""

    def run(
        tasks: list[dict[str, Any]], *, check: bool = False, fails: bool = False, **variables: Any
    ) -> dict[str, Any]:
        playbook = tmp_path / "play.json"  # JSON is YAML
        about = {"name": "Test", "hosts": "localhost", "connection": "local", "gather_facts": False}
        variables = {"ansible_python_interpreter": sys.executable, **variables}
        playbook.write_text(json.dumps([{**about, "vars": variables, "tasks": tasks}]))
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / "ansible"),
            "ANSIBLE_REMOTE_TEMP": str(tmp_path / "ansible"),
        }
        command = [ansible, "-i", "localhost,", str(playbook), *(["--check", "--diff"] if check else [])]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        recap = done.stdout.rpartition("PLAY RECAP")[2]
        figures = {
            name: int(value) for name, value in (word.split("=") for word in recap.split() if "=" in word)
        }
        return {**figures, "output": done.stdout}

    return run


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets the arguments of every call of systemctl, which is not on every machine that tests."""
    calls = tmp_path / "systemctl.calls"
    calls.touch()
    stand_in = tmp_path / "path" / "systemctl"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\necho "$@" >>{calls}\ncase "$*" in *is-failed*) exit 1 ;; esac\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")
    return calls


@pytest.fixture
def role(play: Play) -> Play:
    """Runs one role, or the named files of it."""

    def run(name: str, *tasks_from: str, **about: Any) -> dict[str, Any]:
        return play(
            [
                {"name": "Role", "ansible.builtin.import_role": {"name": name, "tasks_from": each}}
                for each in tasks_from or ["main"]
            ],
            **about,
        )

    return run
