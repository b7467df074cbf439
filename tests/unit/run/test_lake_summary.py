"""What the demonstration shows of a lake."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from daedalus.run.lake_summary import show_query


def test_without_duckdb_a_command_is_shown_that_can_be_typed_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    told = StringIO()
    show_query(Console(file=told), tmp_path)
    assert told.getvalue() == "For queries: pip install duckdb polars\n"
