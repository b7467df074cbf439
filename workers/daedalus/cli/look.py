"""`daedalus status`: what every worker is doing."""

from __future__ import annotations

from typing import Annotated

import typer

from .group import FAILED
from .options import ConfigOption

__all__ = ["status"]


def status(
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects for machines.")] = False,
) -> None:
    """Show what every worker is doing. Exit code 1 where one of them needs somebody to look."""
    from rich.console import Console

    from ..config import load_config
    from ..status import as_json, as_table, observe

    rows = observe(load_config(config))
    if json:
        typer.echo(as_json(rows))
    else:
        Console().print(as_table(rows))
    if not all(row.well for row in rows):
        raise typer.Exit(FAILED)
