"""`daedalus status`: what every worker is doing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from .group import FAILED
from .options import ConfigOption

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Config

__all__ = ["EXAMPLES", "status"]

EXAMPLES = (
    "daedalus status",
    "daedalus status --json | jq '.\\[] | select(.well | not)'",
)


def status(
    config: ConfigOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show what every worker is doing.

    Exit code 1 if a worker needs attention.
    """
    from ..config import find_config, load_config
    from ..status import as_json, as_table, observe
    from .output import echo_json, show

    path = find_config(config)
    loaded = load_config(path)
    rows = observe(loaded)
    if json:
        echo_json(as_json(rows))
    else:
        typer.echo(f"configuration {path}, data in {loaded.data_dir}\n")
        show(as_table(rows))
    for line in _recorders_elsewhere(config, loaded):
        typer.secho(f"warning: {line}", fg=typer.colors.YELLOW, err=True)
    if not all(row.well for row in rows):
        raise typer.Exit(FAILED)


def _recorders_elsewhere(named: Path | None, loaded: Config) -> list[str]:
    """Who records with a configuration that was not looked at; nobody is meant where one was named."""
    from ..status import elsewhere, observe

    if named is not None or os.environ.get("DAEDALUS_CONFIG"):
        return []
    return elsewhere(loaded, observe)
