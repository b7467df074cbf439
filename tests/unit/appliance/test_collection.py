"""The roles outside this checkout: built as a collection, installed elsewhere, run by another playbook."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from daedalus import __version__

ROOT = Path(__file__).parents[3]
TOP = {"FILES.json", "LICENSE", "MANIFEST.json", "CHANGELOG.md", "README.md"}
FOLDERS = {"meta", "plugins", "roles", "workers"}
LARGEST_BYTES = 1_000_000


@pytest.fixture(scope="module")
def archive(ansible: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("built")
    _galaxy(ansible, directory, "build", str(ROOT), "--output-path", str(directory))
    return next(directory.glob("*.tar.gz"))


def test_the_archive_is_small_and_holds_nothing_of_its_owners(archive: Path) -> None:
    assert archive.name == f"daedalus-recorder-{__version__}.tar.gz"
    assert archive.stat().st_size < LARGEST_BYTES
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert {name.partition("/")[0] for name in names} == TOP | FOLDERS
    assert not [name for name in names if "__pycache__" in name or "/." in name or "vault" in name]


def test_the_roles_run_from_a_playbook_elsewhere(ansible: str, archive: Path, tmp_path: Path) -> None:
    _galaxy(ansible, tmp_path, "install", str(archive), "--offline", "--collections-path", str(tmp_path))
    root = tmp_path / "root"
    for each in ("boot/firmware", "run", "var"):
        (root / each).mkdir(parents=True)
    for name in ("config.txt", "cmdline.txt"):
        (root / "boot/firmware" / name).write_text("quiet\n")
    (tmp_path / "config.yaml").write_text("exchanges: {binance: {symbols: [BTCUSDT]}}\n")
    variables = {f"{role}_root": str(root) for role in ("boot", "swap", "sysctl", "logrotate")} | {
        "swap_size_mb": 1,
        "swap_keep_free_mb": 1,
        "venv_packages": ["dpkg"],
        "venv_directory": str(tmp_path / "opt"),
        "venv_needs_mb": 1,
        "venv_python": sys.executable,
        "workers_config_file": str(tmp_path / "config.yaml"),
        "workers_config_directory": str(tmp_path / "etc"),
        "workers_group": "root",
        "workers_user": "root",
        "workers_unit_directory": str(tmp_path / "units"),
    }
    steps = ["workers preflight", "venv main", "workers check", "boot main", "swap main"]
    steps += ["sysctl main", "workers configure", "logrotate main"]
    done = _play(ansible, tmp_path, steps, variables)
    assert done.returncode == 0, done.stdout + done.stderr
    for changed in ("units/daedalus.target", "boot/firmware/config.txt", "opt/releases"):
        assert changed in done.stdout
    assert not (tmp_path / "units").exists(), "check mode changes nothing"


def _play(
    ansible: str, place: Path, steps: list[str], variables: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    tasks = []
    for step in steps:
        role, _, entry = step.partition(" ")
        about = {"name": f"daedalus.recorder.{role}", "tasks_from": entry}
        tasks.append({"name": step, "ansible.builtin.import_role": about})
    play = {"name": "Elsewhere", "hosts": "localhost", "connection": "local", "gather_facts": False}
    (place / "play.yml").write_text(yaml.safe_dump([{**play, "vars": variables, "tasks": tasks}]))
    command = [ansible, "-i", "localhost,", "play.yml", "--check", "--diff"]
    return subprocess.run(
        command, cwd=place, env=_environment(place), capture_output=True, text=True, check=False
    )


def _galaxy(ansible: str, place: Path, *arguments: str) -> None:
    command = [str(Path(ansible).with_name("ansible-galaxy")), "collection", *arguments]
    done = subprocess.run(
        command, cwd=place, env=_environment(place), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _environment(place: Path) -> dict[str, str]:
    """Without this checkout's ansible.cfg."""
    empty = place / "ansible.cfg"
    empty.touch()
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(empty),
        "ANSIBLE_COLLECTIONS_PATH": str(place),
        "ANSIBLE_HOME": str(place / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "XDG_CACHE_HOME": str(place / "cache"),
    }
