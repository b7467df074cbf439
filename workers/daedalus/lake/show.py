"""A lake's summary for people: tables, verdicts, and a query to go on with."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..units import bytes_text
from .summary import Summary

__all__ = ["show_query", "show_summary"]


def show_summary(console: Console, summary: Summary) -> None:
    """Print rows, files and bytes per table, and the verdict per channel."""
    sizes = Table(title="In the lake", title_justify="left")
    sizes.add_column("table")
    for name in ("rows", "files", "size", "bytes per row"):
        sizes.add_column(name, justify="right")
    for each in summary.tables:
        per_row = f"{each.bytes / each.rows:.1f}" if each.rows else ""
        sizes.add_row(each.name, f"{each.rows:,}", f"{each.files:,}", bytes_text(each.bytes), per_row)
    console.print(sizes)
    verdicts = Table(title="Complete?", title_justify="left")
    for name in ("exchange", "channel", "verdict"):
        verdicts.add_column(name)
    for verdict in summary.channels:
        style = "red" if verdict.unledgered else "yellow" if verdict.holes else "green"
        verdicts.add_row(verdict.exchange, verdict.channel, f"[{style}]{verdict.sentence}[/]")
    console.print(verdicts)


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
