"""`daedalus book`: the order book of any moment."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import ConfigOption, ExchangeArgument
from .output import echo_json

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
        typer.Option(metavar="TIME", help="ISO 8601, down to ns; UTC where it names no zone."),
    ],
    depth: Annotated[int, typer.Option(min=1, help="How many levels of each side.")] = 10,
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
        str | None, typer.Option(help="Where the exchange has several of books.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object for machines.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show the order book of any moment, rebuilt from the lake.

    Exit code 1 where there is none that may be believed: updates are missing, or no snapshot came before.
    """
    import msgspec

    from ..exchanges import EXCHANGES
    from ..lake.books import book_at, moment
    from ..lake.render import show_book
    from ..lake.source import open_lake
    from .screen import Screen
    from .stores import lake_settings

    try:
        at_ns = moment(at)
    except ValueError as error:
        text = f"{error}. Write 2026-11-23T12:00:00."
        raise typer.BadParameter(text, param_hint="--at") from None
    lake = open_lake(lake_settings(where, config))
    found = book_at(lake, exchange, EXCHANGES[exchange].symbol(symbol), at_ns, channel=channel, depth=depth)
    if json:
        echo_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        show_book(Screen(), found)
