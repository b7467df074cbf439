"""The command doctor: its findings for machines, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from daedalus.cli import app


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_doctor_writes_its_findings_for_machines(config: str) -> None:
    result = call("doctor", "--offline", "--json", "--config", config)
    findings = json.loads(result.stdout)
    assert {each["level"] for each in findings} <= {"ok", "warn", "bad"}
    assert result.exit_code == any(each["level"] == "bad" for each in findings)


def test_without_a_configuration_the_doctor_still_examines_the_machine(tmp_path: Path) -> None:
    result = call("doctor", "--config", str(tmp_path / "none.yaml"))
    assert result.exit_code == 1
    assert "page size" in result.stdout
