"""`daedalus book`: the order book at any moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from .options import ConfigOption, ExchangeArgument
from .output import echo_json

if TYPE_CHECKING:
    from rich.console import Console

    from ..lake import BookAt

__all__ = ["EXAMPLES", "book"]

EXAMPLES = (
    "daedalus book binance BTCUSDT --at 2026-11-23T12:00:00",
    "daedalus book kraken BTC/USD --at 2026-11-23T12:00:00.5+01:00 --depth 50 --json",
)


def book(
    exchange: ExchangeArgument,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As the tables spell it.")],
    at: Annotated[
        str,
        typer.Option(metavar="TIME", help="ISO 8601, down to ns; UTC if it names no zone."),
    ],
    depth: Annotated[int, typer.Option(min=1, help="The most levels per side.")] = 10,
    where: Annotated[
        str | None,
        typer.Option(
            "--lake",
            metavar="LAKE",
            help="A URL or folder, or a data_dir. [dim]Without it: the configuration's sync.target[/]",
            show_default=False,
        ),
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(help="Needed if the exchange has several channels of books.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object for machines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show the order book at any moment, rebuilt from the lake.

    Exit code 1: the book is not known, because updates are missing or no snapshot came before.
    """
    import msgspec

    from ..exchanges import EXCHANGES
    from ..lake import open_lake
    from ..lake.books import book_at, moment
    from .screen import Screen
    from .stores import lake_settings

    try:
        at_ns = moment(at)
    except ValueError as error:
        text = f"{error}. Write 2026-11-23T12:00:00."
        raise typer.BadParameter(text, param_hint="--at") from None
    lake = open_lake(lake_settings(where, config))
    found = book_at(
        lake, exchange, EXCHANGES[exchange].requests.symbol(symbol), at_ns, channel=channel, depth=depth
    )
    if json:
        echo_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _show(Screen(), found)


def _show(console: Console, book: BookAt) -> None:
    """Print a book with the asks above the bids, best ones in the middle."""
    from rich.table import Table

    table = Table(title=f"{book.exchange} {book.symbol} at {_time(book.at_ns)}", title_justify="left")
    table.add_column("side")
    for name in ("price", "amount"):
        table.add_column(name, justify="right")
    for price, amount in reversed(book.asks):
        table.add_row("[red]ask[/]", f"{price!r}", f"{amount!r}")
    table.add_section()
    for price, amount in book.bids:
        table.add_row("[green]bid[/]", f"{price!r}", f"{amount!r}")
    console.print(table)
    if not book.bids and not book.asks:
        console.print("The book is empty: the exchange said so, or removed its last level.")
    known = (
        "no digest to compare with"
        if book.verified_ns is None
        else (f"the recorder's digest agrees at {_time(book.verified_ns)}")
    )
    update = "" if book.last_id is None else f" {book.last_id}"
    console.print(f"last update{update} at {_time(book.local_ns)}; {known}")


def _time(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}{fraction}"
