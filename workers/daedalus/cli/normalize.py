"""`daedalus normalize`: tables and the ledger from raw files."""

from __future__ import annotations

from typing import Annotated

import typer

from .group import FAILED, complain
from .options import ConfigOption, Once

__all__ = ["EXAMPLES", "normalize"]

EXAMPLES = (
    "daedalus normalize",
    "daedalus normalize --once",
)


def normalize(
    once: Once = False,
    retry_damaged: Annotated[
        bool,
        typer.Option("--retry-damaged", help="First take in files again that were set aside as damaged."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Turn sealed raw files into tables and the ledger of gaps, until SIGTERM or Ctrl-C."""
    from ..config import load_config
    from ..normalize import run_normalize
    from ..store.layout import Layout
    from ..worker.start import started

    loaded = load_config(config)
    with started(loaded, "normalize") as launch:
        progress = run_normalize(
            Layout(loaded.data_dir),
            loaded.normalize.interval_seconds,
            launch.stop,
            once,
            launch.setup,
            retry_damaged,
            frozenset(loaded.exchanges),
        )
    if once and (progress.trouble or progress.damaged):
        complain(
            progress.trouble or f"{progress.damaged} damaged segments were set aside; the log names them"
        )
        raise typer.Exit(FAILED)
