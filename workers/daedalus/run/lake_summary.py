"""A lake's summary for people: tables, verdicts, and a query to start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from ..lake.audit.lines import aligned
from ..lake.audit.render import styled
from ..lake.audit.report import Report
from ..shown import shown
from ..units import bytes_text

__all__ = ["TableSize", "show_query", "show_sizes", "show_verdicts", "table_sizes"]

_RAW_FOLDER = "raw"


class TableSize(Struct, frozen=True):
    """One table of the lake."""

    name: str
    files: int
    rows: int
    bytes: int


def table_sizes(root: Path) -> list[TableSize]:
    """Every table below ``root``, by name."""
    return [_size(path) for path in sorted(root.iterdir()) if path.is_dir() and path.name != _RAW_FOLDER]


def _size(path: Path) -> TableSize:
    files = [file for file in path.rglob("*.parquet") if file.is_file()]
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    return TableSize(path.name, len(files), rows, sum(file.stat().st_size for file in files))


def show_sizes(console: Console, sizes: Sequence[TableSize]) -> None:
    """Print rows, files and bytes per table."""
    rows = [("in the lake", "rows", "files", "size", "bytes per row")]
    for each in sizes:
        per_row = f"{each.bytes / each.rows:.1f}" if each.rows else ""
        rows.append((each.name, f"{each.rows:,}", f"{each.files:,}", bytes_text(each.bytes), per_row))
    console.print()
    for line in aligned(rows, right=(1, 2, 3, 4)):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def show_verdicts(console: Console, report: Report) -> None:
    """Print for each stream whether it is complete and how that is known; then the findings."""
    console.print("\nIs it complete?", style="bold")
    for line in styled(report.streams, max(80, console.width), dates=False):
        console.print(line, soft_wrap=True)
    for finding in report.findings:
        text = shown(f"{finding.kind}: {finding.where}: {finding.text}")
        console.print(text, style="red", soft_wrap=True, highlight=False, markup=False)


def show_query(console: Console, root: Path) -> None:
    """Print a DuckDB query over the trades of the lake, and its result."""
    try:
        import duckdb
    except ImportError:
        console.print("For queries: pip install duckdb polars")
        return
    query = (
        "SELECT exchange, symbol, count(*) AS trades, round(sum(price * amount), 2) AS turnover,\n"
        "       min(price) AS low, max(price) AS high\n"
        f"FROM read_parquet('{root}/trades/**/*.parquet', hive_partitioning = true)\n"
        "GROUP BY ALL ORDER BY ALL"
    )
    console.print("\nQuery it, for example with DuckDB:\n", style="bold")
    console.print(query, highlight=False, soft_wrap=True)
    result = duckdb.connect().execute(query)
    answer = Table()
    for name, *_ in result.description or ():
        answer.add_column(name, justify="left" if name in ("exchange", "symbol") else "right")
    for row in result.fetchall():
        answer.add_row(*(f"{value:,}" if isinstance(value, int | float) else str(value) for value in row))
    console.print(answer)
