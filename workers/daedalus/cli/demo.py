"""`daedalus demo`: record a simulated exchange, or a real one, and show the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import exchange_names, known_exchange, symbol_list

__all__ = ["EXAMPLES", "demo"]

EXAMPLES = (
    "daedalus demo",
    "daedalus demo --duration 60",
    "daedalus demo --live binance --symbols BTCUSDT,ETHUSDT",
)

DEMO_SECONDS = 30.0


def demo(
    live: Annotated[
        str | None,
        typer.Option(
            metavar="EXCHANGE",
            help="Record this real exchange instead of a simulated one.",
            callback=known_exchange,
            autocompletion=exchange_names,
            show_default=False,
        ),
    ] = None,
    symbols: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="Symbols, as the exchange spells them. [dim]Default: a few of its own[/]"
        ),
    ] = "",
    duration: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            metavar="SECONDS",
            help=f"Stop after this time. [dim]Default: {DEMO_SECONDS:.0f}; with --live until Ctrl-C[/]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Record a simulated exchange into data/demo, then show what is in the lake.

    With --live a real exchange is recorded, into data/live. Data of an earlier demonstration in data/demo is
    deleted; data/live is continued.
    """
    from ..run import run_demo
    from ..worker.log import setup_logging
    from .screen import Screen

    setup_logging("warning")
    if live is None and duration is None:
        duration = DEMO_SECONDS
    place = Path("data/live" if live else "data/demo")
    exchange = live or "binance"
    wanted = symbol_list(symbols, exchange)
    code = run_demo(Screen(), place, exchange, wanted, live=live is not None, duration=duration)
    raise typer.Exit(code)
