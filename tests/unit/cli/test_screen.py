"""What the commands print of others' text, as a terminal would get it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text
from support.statuses import status_of

from daedalus.cli.screen import Screen
from daedalus.worker.status import write_status

HOSTILE = "\x1b[2J\x1b]0;own\x07\x9b31m\u202e\u2028"


def odd(text: str) -> list[str]:
    return [
        each
        for each in text
        if (ord(each) < 32 and each != "\n") or 127 <= ord(each) < 160 or each in HOSTILE[-2:]
    ]


def test_a_text_reaches_the_terminal_without_what_the_terminal_obeys_and_styles_stay() -> None:
    written = io.StringIO()
    screen = Screen(file=written, force_terminal=True, width=60, color_system="standard")
    table = Table("worker", "says")
    table.add_row(Text("ingest", style="red"), f"stop{HOSTILE}it")
    screen.print(table)
    screen.print(f"two\nlines{HOSTILE}", soft_wrap=True, highlight=False)
    assert "\x1b[31mingest" in written.getvalue()
    for piece in ("\x1b[2J", "\x1b]0", "\x07", "\x9b", "\u202e", "\u2028"):
        assert piece not in written.getvalue()
    assert "two\nlines\\x1b[2J\\x1b]0;own" in written.getvalue()
    assert all(len(line) <= 60 for line in Text.from_ansi(written.getvalue()).plain.splitlines()[:6])


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--json"),
        ("doctor", "--offline"),
        ("doctor", "--offline", "--json"),
        ("audit", "lake"),
        ("audit", "lake", "--json"),
        ("audit", HOSTILE),
        ("watchdog", "--dry-run"),
    ],
    ids=lambda words: " ".join(words[:2]).encode("unicode_escape").decode(),
)
def test_no_command_prints_what_a_terminal_obeys(words: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "trades" / "exchange=binance" / "date=2026-11-27"
    folder.mkdir(parents=True)
    (folder / f"{HOSTILE}.parquet").write_bytes(b"none")
    for worker in ("ingest-binance", "normalize", "sync"):
        status = status_of(worker, state="blocked", note=f"the store says {HOSTILE}")
        write_status(tmp_path / "data" / "status", status)
    (tmp_path / "config.yaml").write_text(
        f"data_dir: {tmp_path}/data\nwriter: {{min_free_mb: 1}}\nexchanges:\n"
        "  binance: {symbols: [BTCUSDT], channels: [trade], websocket_url: ws://127.0.0.1:1,"
        " rest_url: http://127.0.0.1:1}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "daedalus", *words],
        env={**os.environ, "DAEDALUS_CONFIG": str(tmp_path / "config.yaml"), "PYTHONUTF8": "1"},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert odd(done.stdout + done.stderr) == []
    assert "own" in done.stdout + done.stderr or words[0] == "watchdog"
    if "--json" in words:
        assert HOSTILE in json.dumps(json.loads(done.stdout), ensure_ascii=False) or "[2J" in done.stdout
