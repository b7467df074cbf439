"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..config import Config

__all__ = [
    "CONFIG_HELP",
    "ConfigOption",
    "ExchangeArgument",
    "Once",
    "configured",
    "exchange_names",
    "known_exchange",
    "symbol_list",
]

CONFIG_HELP = "The configuration. [dim]Without it: DAEDALUS_CONFIG, config/config.yaml, /etc/daedalus.[/]"


def exchange_names() -> list[str]:
    """Every exchange there is; what the shell completes."""
    from ..exchanges import EXCHANGES

    return sorted(EXCHANGES)


def known_exchange(name: str | None) -> str | None:
    """The name, if there is such an exchange; else the nearest one is named."""
    names = exchange_names()
    if name is not None and name not in names:
        from ..config.problems import nearest, quoted

        raise typer.BadParameter(f"unknown exchange {quoted(name)}. {nearest(name, names)}")
    return name


ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help=CONFIG_HELP)]

Once = Annotated[bool, typer.Option("--once", help="Do all that waits now, then end.")]

ExchangeArgument = Annotated[
    str,
    typer.Argument(
        metavar="EXCHANGE",
        help="An exchange, for example binance.",
        callback=known_exchange,
        autocompletion=exchange_names,
    ),
]


def configured(config: Config, exchange: str) -> None:
    """Refuse an exchange that exists, but not in this configuration."""
    if exchange not in config.exchanges:
        there = ", ".join(config.exchanges)
        text = f"{exchange} is not in the configuration, which has {there}. Add it under exchanges."
        raise typer.BadParameter(text, param_hint="EXCHANGE")


def symbol_list(text: str, exchange: str) -> tuple[str, ...]:
    """``A,B`` as symbols of an exchange; upper or lower case is the same where it is to the exchange."""
    from ..exchanges import EXCHANGES

    spelled = EXCHANGES[exchange].symbol
    return tuple(spelled(name.strip()) for name in text.split(",") if name.strip())
