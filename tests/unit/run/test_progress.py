"""What a person sees of a run: it fits the terminal, is of this run alone, and may fail without harm."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.statuses import status_of

from daedalus.run.children import Child
from daedalus.run.progress import ProgressDisplay
from daedalus.store.layout import Layout
from daedalus.worker.status import write_status

SIX = ("binance_delivery", "binance_futures", "bitfinex", "coinbase_exchange", "deribit", "hyperliquid")
FIGURES: dict[str, Any] = {
    "messages_per_second": 12_345.0, "messages": 1_234_567_890, "received_bytes": 123_400_000_000,
    "gaps": 123_456, "rss_bytes": 123_400_000,
}  # fmt: skip


def children(tmp_path: Path, started_ns: int) -> list[Child]:
    layout = Layout(tmp_path)
    layout.status.mkdir()
    made = [Child(name, (), tmp_path) for name in (*(f"ingest-{name}" for name in SIX), "normalize", "sync")]
    for each in made:
        figures = FIGURES if each.name.startswith("ingest-") else {}
        note = "left out: " + "a long reason " * 20
        status = status_of(each.name, started_ns=started_ns, updated_ns=started_ns, note=note, **figures)
        write_status(layout.status, status)
        each._process = type("Lives", (), {"poll": lambda self: None})()  # type: ignore[assignment]
    return made


def screen(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=80, height=24, color_system=None)


def shown(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_six_exchanges_fit_a_terminal_of_80_by_24_whole(tmp_path: Path) -> None:
    console = screen(terminal=False)
    progress = ProgressDisplay(console, Layout(tmp_path), made := children(tmp_path, time.time_ns() + 10**9))
    table = progress._table(
        "Daedalus: recording", progress._statuses(), ["raw files: none", "table files: none"]
    )
    console.print(table)
    lines = shown(console)
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for name in SIX:
        row = next(line.split() for line in lines if line.startswith(f"{name} "))
        assert row[1:4] == ["running", "12,345", "1,234,567,890"], row
    assert len(made) == 8


def test_where_there_is_no_terminal_each_look_is_one_line(tmp_path: Path) -> None:
    console = screen(terminal=False)
    with ProgressDisplay(console, Layout(tmp_path), children(tmp_path, time.time_ns() + 10**9)) as progress:
        progress.show("recording", None)
        progress.show("stopped", None)
    lines = shown(console)
    assert len(lines) == 2
    assert "7,407,407,340 messages" in lines[0]
    assert "the files of this hour reach the lake in" in lines[0]


def test_the_numbers_of_another_run_are_not_shown(tmp_path: Path) -> None:
    console = screen(terminal=False)
    with ProgressDisplay(console, Layout(tmp_path), children(tmp_path, 1)) as progress:
        progress.show("recording", None)
    assert "recording: 0 msg/s, 0 messages" in shown(console)[0]


@pytest.mark.parametrize(
    "error", [OSError(5, "the terminal was closed"), BrokenPipeError(32, "nobody reads")]
)
@pytest.mark.parametrize("terminal", [True, False])
def test_a_screen_that_has_gone_does_not_end_the_run(tmp_path: Path, error: OSError, terminal: bool) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise error

    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with ProgressDisplay(console, Layout(tmp_path), children(tmp_path, 1)) as progress:
        console.file = Gone()
        progress.show("recording", None)
        progress.show("stopped", None)


def notes(tmp_path: Path, note: str, *, alive: bool, state: str = "running", messages: int = 1) -> str:
    layout = Layout(tmp_path)
    layout.status.mkdir(exist_ok=True)
    now = time.time_ns() + 10**9
    status = status_of(
        "ingest-binance", started_ns=now, updated_ns=now, state=state, note=note, messages=messages
    )
    write_status(layout.status, status)
    child = Child("ingest-binance", (), tmp_path)
    child.log_path.write_text("2026-11-23T21:24:00.123Z WARNING ingest cannot connect\n")
    child._log_begins = 0
    child._process = type("Process", (), {"poll": lambda self: None if alive else 0})()  # type: ignore[assignment]
    console = screen(terminal=False)
    progress = ProgressDisplay(console, layout, [child])
    console.print(progress._table("t", progress._statuses(), []))
    return "\n".join(line for line in shown(console) if line.startswith("binance:"))


@pytest.mark.parametrize(
    ("note", "alive", "state", "messages", "told"),
    [
        ("8 streams on 1 connection", True, "running", 1, ""),
        ("8 streams on 2 connections", True, "running", 1, ""),
        ("8 streams on 0 connections", True, "running", 1, "binance: 8 streams on 0 connections"),
        ("left out: XYZ", True, "running", 1, "binance: left out: XYZ"),
        ("8 streams on 0 connections", True, "running", 0, "binance: ingest cannot connect"),
        ("the disk is full", True, "blocked", 1, "binance: the disk is full"),
        ("8 streams on 0 connections", False, "stopped", 1, ""),
        ("8 streams on 1 connection", False, "running", 1, "binance: ingest cannot connect"),
    ],
)
def test_a_note_is_shown_where_somebody_should_know_of_it(
    tmp_path: Path, note: str, alive: bool, state: str, messages: int, told: str
) -> None:
    assert notes(tmp_path, note, alive=alive, state=state, messages=messages) == told
