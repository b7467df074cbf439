"""The command watchdog: its exit codes, and that nobody asks for two things at once."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from daedalus.cli import app


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
