"""What a worker loads that needs the tables' rows alone: no Arrow, which is 45 MB of a Pi's memory."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["daedalus.exchanges", "daedalus.tables.rows"])
def test_rows_are_there_without_arrow(module: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print('pyarrow' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["False"]
