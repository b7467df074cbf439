"""`daedalus run`: all workers of the configuration, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import ConfigOption

__all__ = ["EXAMPLES", "run"]

EXAMPLES = (
    "daedalus run",
    "daedalus run --duration 600 --no-sync",
    "daedalus run --dry-run   [dim]# what would be started[/]",
)

Duration = Annotated[
    float | None,
    typer.Option(min=0.1, metavar="SECONDS", help="Stop in good order after this time.", show_default=False),
]


def run(
    no_sync: Annotated[
        bool, typer.Option("--no-sync", help="Record and normalize only, do not upload.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be started, and exit.")
    ] = False,
    duration: Duration = None,
    config: ConfigOption = None,
) -> None:
    """Record in the foreground until Ctrl-C: run every worker of the configuration.

    At the end all files are sealed, normalized and uploaded.
    """
    from ..config import find_config, load_config
    from ..run import run_all
    from ..worker.log import setup_logging
    from .screen import Screen

    path = find_config(config)
    loaded = load_config(path)
    setup_logging(loaded.log.level)
    code = run_all(loaded, path, console=Screen(), no_sync=no_sync, dry_run=dry_run, duration=duration)
    raise typer.Exit(code)
