"""The appliance's own `daedalus`: its services, all or by name, and the command of the version in use."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parents[3] / "roles" / "workers" / "templates" / "daedalus.j2"
SAY = '#!/bin/sh\necho "$(basename "$0") $*"\n'


def said(tmp_path: Path, *arguments: str) -> str:
    """What the script calls in the end, with everything that it could call replaced by an echo."""
    for name in ("systemctl", "bin/daedalus"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(SAY)
        path.chmod(0o755)
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("{{ workers_release_directory }}", str(tmp_path))
    text = text.replace("{{ workers_credential_directory }}", str(tmp_path / "credentials"))
    script = tmp_path / "daedalus"
    script.write_text(text)
    (tmp_path / "daedalus-trap.service").touch()  # what a pattern would match in the current directory
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", str(script), *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        ("start", "systemctl start daedalus.target"),
        ("restart", "systemctl restart daedalus.target"),
        ("stop", "systemctl stop daedalus.target daedalus-*.service"),
        ("stop normalize", "systemctl stop daedalus-normalize.service"),
        (
            "restart ingest-binance_futures sync",
            "systemctl restart daedalus-ingest@binance_futures.service daedalus-sync.service",
        ),
        ("status --json", "daedalus status --json"),
        ("", "daedalus"),
    ],
)
def test_services_are_told_to_systemd_and_all_else_to_the_version_in_use(
    tmp_path: Path, arguments: str, called: str
) -> None:
    assert said(tmp_path, *arguments.split()) == called
