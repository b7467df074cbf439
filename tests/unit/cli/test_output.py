"""Output that can hold ASCII alone."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from daedalus.cli.output import print_anywhere, show


def test_what_cannot_be_encoded_is_written_plainly() -> None:
    kept = io.BytesIO()
    stream = io.TextIOWrapper(kept, encoding="ascii")
    print_anywhere(stream)
    stream.write("a → b … 70 °C 币安人生USDT")
    stream.flush()
    assert kept.getvalue() == b"a -> b ... 70 deg C \\u5e01\\u5b89\\u4eba\\u751fUSDT"


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
)
@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("run", "--help"),
        ("doctor", "--offline"),
        ("status",),
        ("config", "show"),
        ("config", "check"),
        ("audit", "lake"),
        ("audit", "币"),
        ("run", "--dry-run"),
        ("sync", "--dry-run"),
        ("watchdog", "--dry-run"),
    ],
    ids=" ".join,
)
def test_no_command_ends_in_a_traceback_where_only_ascii_can_be_written(
    words: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "config.yaml").write_text(
        "data_dir: data\n"
        "exchanges: {binance: {symbols: [币安人生USDT], channels: [trade], websocket_url: ws://127.0.0.1:1,"
        " rest_url: http://127.0.0.1:1}}\n"
        "writer: {min_free_mb: 1}\n"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "daedalus", *words],
        env=kept | environment | {"DAEDALUS_CONFIG": str(tmp_path / "config.yaml"), "COLUMNS": "80"},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout or done.stderr
    for told in (done.stdout, done.stderr):
        assert b"Traceback" not in told, told.decode()


def test_a_row_is_one_whole_line_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = Table("name", "found")
    table.add_row("a" * 60, "b " * 60)
    show(table)
    assert f"{'b ' * 59}b" in capsys.readouterr().out
