"""The commands watchdog and doctor: their exit codes, and that they do not ask for two things at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daedalus.cli import app


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(f"data_dir: {tmp_path}/data\nexchanges: {{binance: {{symbols: [BTCUSDT]}}}}\n")
    return str(path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--dry-run"], 0),
        (["--once", "--no-sync", "--memory-limit-mb", "1500"], 0),
        (["--status"], 1),  # it does not run
        (["--test-alert"], 1),  # there is nobody to tell
        (["--report", "daedalus-sync.service"], 0),
        (["--once", "--status"], 2),
    ],
)
def test_each_way_to_call_the_watchdog_ends_with_its_code(
    config: str, arguments: list[str], code: int
) -> None:
    assert call("watchdog", "--config", config, *arguments).exit_code == code


def test_the_doctor_writes_its_findings_for_machines(config: str) -> None:
    result = call("doctor", "--offline", "--json", "--config", config)
    findings = json.loads(result.stdout)
    assert {each["level"] for each in findings} <= {"ok", "warn", "bad"}
    assert result.exit_code == any(each["level"] == "bad" for each in findings)


def test_without_a_configuration_the_doctor_still_examines_the_machine(tmp_path: Path) -> None:
    result = call("doctor", "--config", str(tmp_path / "none.yaml"))
    assert result.exit_code == 1
    assert "page size" in result.stdout
