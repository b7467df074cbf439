"""What is refused before a host has worked, and what is packed for it, by whichever Python runs Ansible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
READ_CONFIG = ROOT / "roles/workers/files/read_config.py"


def read_config(path: Path, directory: str = "/var/lib/daedalus") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, READ_CONFIG, path, directory], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "config.yaml is not there. Copy config/config.examples.yaml to it"),
        ("", "config.yaml says nothing"),
        ("exchanges:\n  binance: [\n", "config.yaml:3:1: this is not YAML"),
        ("exchanges: []\n", "exchanges: expected at least one exchange"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_told_with_place_and_remedy(
    tmp_path: Path, text: str | None, told: str
) -> None:
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    done = read_config(path)
    assert done.returncode == 2
    assert told in json.loads(done.stdout)["problem"]
    assert "Traceback" not in done.stdout + done.stderr


def test_the_examples_can_be_read() -> None:
    assert read_config(ROOT / "config/config.examples.yaml").returncode == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("data_dir: data  # where\n", "data_dir: /mnt/ssd/a b  # where\n"),
        ("data_dir:\n", "data_dir: /mnt/ssd/a b\n"),
        ("data_dir: >-\n  old\n# next\n", "data_dir: /mnt/ssd/a b\n# next\n"),
        ("data_dir: 'old'\r\n", "data_dir: /mnt/ssd/a b\r\n"),
        ("# data_dir: old\n", "# data_dir: old\n@end"),
        ("note: |\n  data_dir: text\n", "note: |\n  data_dir: text\n@end"),
    ],
)
def test_the_place_of_the_data_is_replaced_and_every_other_character_stays(
    tmp_path: Path, before: str, after: str
) -> None:
    path = tmp_path / "config.yaml"
    exchanges = "exchanges: {binance: {symbols: [BTCUSDT]}}  # mine\n"
    path.write_bytes(f"{before}{exchanges}".encode())
    expected = f"{after.removesuffix('@end')}{exchanges}"
    if after.endswith("@end"):
        expected += "data_dir: /mnt/ssd/a b\n"
    assert json.loads(read_config(path, "/mnt/ssd/a b").stdout) == {"text": expected}


@pytest.mark.parametrize(
    "text", ["{exchanges: {a: {}}}", "exchanges: {a: &x {}}\ndata_dir: *x\n", "exchanges: {a: {}}\n...\n"]
)
def test_a_spelling_in_which_it_cannot_be_replaced_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    done = read_config(path)
    assert done.returncode == 2
    assert "Write it on a line of its own: data_dir: data" in json.loads(done.stdout)["problem"]


@pytest.mark.parametrize("inventory", ["web,", os.devnull], ids=["no recorders", "empty"])
def test_a_run_that_reaches_no_recorder_fails(ansible: str, inventory: str) -> None:
    done = subprocess.run(
        [ansible, "site.yml", "-i", inventory],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "is in the group recorders" in said or "recorders" in said.split("ERROR")[1]


def test_a_missing_configuration_is_told_before_the_host_is_asked(ansible: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory" / "one" / "hosts.yml"
    inventory.parent.mkdir(parents=True)
    inventory.write_text("recorders: {hosts: {nowhere: {ansible_host: 127.0.0.1, ansible_port: 9}}}\n")
    done = subprocess.run(
        [ansible, "site.yml", "-i", inventory], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "config.yaml is not there" in " ".join(done.stdout.split())
    assert "nnreachable" not in done.stdout.partition("PLAY RECAP")[0]


def test_the_source_reaches_the_host_from_the_task_that_packed_it(
    role: Any, play: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through Ansible's own forks: a temporary folder of theirs is gone with the task that named it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = role(
        "venv",
        fails=True,
        venv_source=str(ROOT / "workers"),
        venv_directory=str(tmp_path / "opt"),
        venv_packages=["dpkg"],
        venv_architectures=["amd64", "arm64"],
        venv_python=str(_without_venv(tmp_path)),
        venv_needs_mb=1,
    )
    assert (
        "Make the environment from the locked requirements"
        in done["output"].rpartition("fatal:")[0].rpartition("TASK")[2]
    )
    assert list(tmp_path.glob("opt/releases/*/source/daedalus/__init__.py"))


def _without_venv(tmp_path: Path) -> Path:
    """A Python like this one that makes no environments: the rest of the role is what is shown."""
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\n[ "$1" = -m ] && exit 7\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return path
