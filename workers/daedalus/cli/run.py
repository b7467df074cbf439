"""`daedalus run`: every worker of the configuration, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import ConfigOption

__all__ = ["EXAMPLES", "run"]

EXAMPLES = (
    "daedalus run",
    "daedalus run --duration 600 --no-sync",
    "daedalus run --dry-run   [dim]# what it would start[/]",
)

Duration = Annotated[
    float | None,
    typer.Option(min=0.1, metavar="SECONDS", help="Stop in good order after so long.", show_default=False),
]


def run(
    no_sync: Annotated[
        bool, typer.Option("--no-sync", help="Record and normalize, but upload nothing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be started, and end.")] = False,
    duration: Duration = None,
    config: ConfigOption = None,
) -> None:
    """Run every worker of the configuration in the foreground, until Ctrl-C."""
    from ..config import find_config, load_config
    from ..log import setup_logging
    from ..run import run_all
    from .screen import Screen

    path = find_config(config)
    loaded = load_config(path)
    setup_logging(loaded.log.level)
    code = run_all(loaded, path, console=Screen(), no_sync=no_sync, dry_run=dry_run, duration=duration)
    raise typer.Exit(code)
