from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "roles/workers/files/pace.sh"


def pace(runtime: Path, *arguments: str, result: str = "exit-code") -> str:
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(runtime), "SERVICE_RESULT": result}
    return subprocess.run(
        [SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=True
    ).stdout


def fail(runtime: Path, times: int) -> None:
    for _ in range(times):
        pace(runtime, "after")


def test_the_first_failure_costs_no_pause(tmp_path: Path) -> None:
    pace(tmp_path, "before", "60")
    fail(tmp_path, 1)
    assert pace(tmp_path, "before", "60") == ""


def test_the_pause_doubles_from_failure_to_failure_up_to_the_longest(tmp_path: Path) -> None:
    pace(tmp_path, "before", "60")
    fail(tmp_path, 2)
    assert "the next start is in 1 s" in pace(tmp_path, "before", "1")
    fail(tmp_path, 60)
    assert "failed 62 times in a row: the next start is in 1 s" in pace(tmp_path, "before", "1")


def test_a_good_end_or_a_minute_of_work_forgets_what_was(tmp_path: Path) -> None:
    pace(tmp_path, "before", "60")
    fail(tmp_path, 5)
    pace(tmp_path, "after", result="success")
    assert pace(tmp_path, "before", "60") == ""
    fail(tmp_path, 5)
    (tmp_path / "began").write_text("-1000")  # uptime: long ago
    fail(tmp_path, 1)
    assert (tmp_path / "failures").read_text() == "1\n"
