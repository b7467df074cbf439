from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from support.backlog import raw_file, segment, table_file

from daedalus.store.layout import NORMALIZED, READY, Layout
from daedalus.sync import SyncSettings, dry_run, render_plan


def shown(layout: Layout, settings: SyncSettings, width: int = 240) -> str:
    console = Console(file=io.StringIO(), width=width)
    render_plan(console, dry_run(layout, settings))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_transfer_is_a_row_with_its_destination_and_size(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    table_file(layout, READY, segment(0), b"x" * 2_500_000)
    raw_file(layout, NORMALIZED, segment(1), b"x" * 42)
    plan = dry_run(layout, SyncSettings(target="s3://lake/btc/", include_raw=True))
    assert [row.bytes for row in plan.rows] == [2_500_000, 42]
    assert plan.total_bytes == 2_500_042
    name = "trades/exchange=binance/date=2026-11-23/trade-1795400000000000000.parquet"
    assert plan.rows[0].source == Path("tables/ready") / name
    assert plan.rows[0].destination == f"s3://lake/btc/{name}"
    assert plan.rows[1].destination.startswith("s3://lake/btc/raw/exchange=binance/channel=trade/")


def test_the_table_shows_rows_and_totals(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    table_file(layout, READY, segment(0), b"x" * 2_500_000)
    table_file(layout, READY, segment(1), b"x" * 500_000)
    text = shown(layout, SyncSettings(target="s3://lake"))
    assert "s3://lake/trades/exchange=binance/date=2026-11-23/trade-1795400000000000000.parquet" in text
    assert "2 files" in text
    assert "3.0 MB" in text


def test_a_narrow_terminal_loses_nothing_of_a_name(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    table_file(layout, READY, segment(0), b"x")
    text = shown(layout, SyncSettings(target="s3://lake"), width=60)
    assert "…" not in text


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    assert "Nothing waits" in shown(Layout(tmp_path), SyncSettings(target="s3://lake"))


def test_a_password_in_the_url_is_not_shown(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    table_file(layout, READY, segment(0), b"x")
    assert "hunter2" not in shown(layout, SyncSettings(target="sftp://me:hunter2@host/lake"))
