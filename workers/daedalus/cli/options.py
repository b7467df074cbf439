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

CONFIG_HELP = (
    "The configuration. [dim]Default: DAEDALUS_CONFIG, config/config.yaml or /etc/daedalus/config.yaml[/]"
)


def exchange_names() -> list[str]:
    """All exchanges, also for the shell's completion."""
    from ..exchanges import EXCHANGES

    return sorted(EXCHANGES)


def known_exchange(name: str | None) -> str | None:
    """The name itself. Raises `typer.BadParameter` with the nearest name for an unknown exchange."""
    names = exchange_names()
    if name is not None and name not in names:
        from ..config.problems import nearest, quoted

        raise typer.BadParameter(f"unknown exchange {quoted(name)}. {nearest(name, names)}")
    return name


ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help=CONFIG_HELP)]

Once = Annotated[bool, typer.Option("--once", help="Process what is waiting, then exit.")]

ExchangeArgument = Annotated[
    str,
    typer.Argument(
        metavar="EXCHANGE",
        help="The exchange, for example binance.",
        callback=known_exchange,
        autocompletion=exchange_names,
    ),
]


def configured(config: Config, exchange: str) -> None:
    """Raise `typer.BadParameter` for an exchange that this configuration does not record."""
    if exchange not in config.exchanges:
        there = ", ".join(config.exchanges)
        text = f"{exchange} is not in the configuration, which has {there}. Add it under exchanges."
        raise typer.BadParameter(text, param_hint="EXCHANGE")


def symbol_list(text: str, exchange: str) -> tuple[str, ...]:
    """``A,B`` as symbols in the exchange's own spelling."""
    from ..exchanges import EXCHANGES

    spelled = EXCHANGES[exchange].requests.symbol
    return tuple(spelled(name.strip()) for name in text.split(",") if name.strip())
