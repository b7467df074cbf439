"""A lake's summary for people: tables, verdicts, and a query to go on with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..units import bytes_text
from .render import sentence
from .report import Report
from .summary import TableSize

__all__ = ["show_query", "show_sizes", "show_verdicts"]


def show_sizes(console: Console, sizes: Sequence[TableSize]) -> None:
    """Print rows, files and bytes per table."""
    table = Table(title="In the lake", title_justify="left")
    table.add_column("table")
    for name in ("rows", "files", "size", "bytes per row"):
        table.add_column(name, justify="right")
    for each in sizes:
        per_row = f"{each.bytes / each.rows:.1f}" if each.rows else ""
        table.add_row(each.name, f"{each.rows:,}", f"{each.files:,}", bytes_text(each.bytes), per_row)
    console.print(table)


def show_verdicts(console: Console, report: Report) -> None:
    """Print of each stream whether it is complete and how that is known, and what is not as it must be."""
    table = Table(title="Complete?", title_justify="left")
    for name in ("exchange", "channel", "symbol", "verdict"):
        table.add_column(name)
    for each in report.streams:
        table.add_row(each.exchange, each.channel, each.symbol, sentence(each))
    console.print(table)
    for finding in report.findings:
        console.print(f"{finding.kind}: {finding.where}: {finding.text}", style="red")


def show_query(console: Console, root: Path) -> None:
    """Run one DuckDB query over the lake's trades, and print it with its result."""
    try:
        import duckdb
    except ImportError:
        console.print("For queries: pip install 'daedalus[read]' brings DuckDB and Polars.")
        return
    query = (
        "SELECT exchange, symbol, count(*) AS trades, round(sum(price * amount), 2) AS turnover,\n"
        "       min(price) AS low, max(price) AS high\n"
        f"FROM read_parquet('{root}/trades/**/*.parquet', hive_partitioning = true)\n"
        "GROUP BY ALL ORDER BY ALL"
    )
    console.print("\nA question to it, in DuckDB:\n", style="bold")
    console.print(query, highlight=False, soft_wrap=True)
    result = duckdb.connect().execute(query)
    answer = Table()
    for name, *_ in result.description or ():
        answer.add_column(name, justify="left" if name in ("exchange", "symbol") else "right")
    for row in result.fetchall():
        answer.add_row(*(f"{value:,}" if isinstance(value, int | float) else str(value) for value in row))
    console.print(answer)
