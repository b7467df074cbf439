"""`daedalus config`: check the configuration, or show the values in effect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import CONFIG_HELP, ConfigOption

__all__ = ["config_app"]

config_app = typer.Typer(help="Check the configuration, or show the values in effect.", no_args_is_help=True)

File = Annotated[Path | None, typer.Argument(metavar="FILE", help=CONFIG_HELP, show_default=False)]


def _one(file: Path | None, config: Path | None) -> Path | None:
    if file is not None and config is not None and file != config:
        raise typer.BadParameter(f"{file} and {config} are both given. Give one.")
    return file or config


@config_app.command(
    epilog="[bold]Examples[/]\n  daedalus config check\n  daedalus config check /etc/daedalus/config.yaml"
    "\n  daedalus config check --json | jq .workers"
)
def check(
    file: File = None,
    config: ConfigOption = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object, with the hash for each worker.")
    ] = False,
) -> None:
    """Summarize a valid configuration, or list all its errors by line.

    Exit code 2 if there is an error.
    """
    from ..config import find_config, load_config
    from ..config.report import as_json, summary, warnings

    path = find_config(_one(file, config))
    loaded = load_config(path)
    found = warnings(loaded, path)
    if json:
        typer.echo(as_json(loaded, found))
        return
    typer.secho(f"{path} is valid.", fg=typer.colors.GREEN)
    for line in summary(loaded):
        typer.echo(f"  {line}")
    for warning in found:
        typer.secho(f"warning: {warning}", fg=typer.colors.YELLOW, err=True)


@config_app.command(epilog="[bold]Example[/]\n  daedalus config show > effective.yaml")
def show(file: File = None, config: ConfigOption = None) -> None:
    """Print every key with the value in effect, as YAML; secrets are masked."""
    from ..config import load_config
    from ..config.report import effective

    typer.echo(effective(load_config(_one(file, config))), nl=False)
