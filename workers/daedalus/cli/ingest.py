"""`daedalus ingest`: record one exchange."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import ConfigOption, ExchangeArgument, configured

__all__ = ["EXAMPLES", "ingest"]

EXAMPLES = (
    "daedalus ingest binance",
    "daedalus ingest binance --stats-interval 10 --config my.yaml",
)

StatsInterval = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        metavar="SECONDS",
        help="Print a line of figures to stdout at this interval.",
        show_default=False,
    ),
]


def ingest(
    exchange: ExchangeArgument, stats_interval: StatsInterval = None, config: ConfigOption = None
) -> None:
    """Record one exchange until SIGTERM or Ctrl-C.

    Every message of its websockets is stored in raw files, byte for byte, with the time it arrived.
    """
    from ..config import load_config
    from ..ingest import run_ingest
    from ..worker.start import started

    loaded = load_config(config)
    configured(loaded, exchange)
    with started(loaded, f"ingest-{exchange}") as launch:
        code = run_ingest(loaded, exchange, launch, stats_interval)
    raise typer.Exit(code)
