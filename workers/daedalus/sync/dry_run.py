"""What a sync would do, as values and as a table for people. The target is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..storage.settings import public_url
from ..store.layout import Layout
from ..units import counted
from .plan import Upload, plan_uploads
from .settings import SyncSettings

__all__ = ["DryRun", "DryRunRow", "dry_run", "render_plan"]


class DryRunRow(Struct, frozen=True):
    """One planned transfer. ``source`` is relative to ``data_dir``."""

    source: Path
    destination: str
    bytes: int


class DryRun(Struct, frozen=True):
    """All planned transfers, oldest first."""

    rows: tuple[DryRunRow, ...]

    @property
    def total_bytes(self) -> int:
        return sum(row.bytes for row in self.rows)


def dry_run(layout: Layout, settings: SyncSettings) -> DryRun:
    """What `sync_once` would upload now with these settings."""
    planned: Sequence[Upload] = plan_uploads(layout, include_raw=settings.include_raw)
    root = public_url(settings.target).rstrip("/")
    return DryRun(
        tuple(
            DryRunRow(upload.source.relative_to(layout.data_dir), f"{root}/{upload.key}", upload.bytes)
            for upload in planned
        )
    )


def render_plan(console: Console, plan: DryRun) -> None:
    """Print the transfers as a table with their totals."""
    if not plan.rows:
        console.print("Nothing waits to be uploaded.")
        return
    total = counted(len(plan.rows), "file", "files")
    table = Table(show_footer=True)
    table.add_column("from", footer=total, overflow="fold")
    table.add_column("to", overflow="fold")
    table.add_column("size", footer=_size(plan.total_bytes), justify="right", no_wrap=True)
    for row in plan.rows:
        table.add_row(Text(str(row.source)), Text(row.destination), _size(row.bytes))
    console.print(table)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count:,} B"
