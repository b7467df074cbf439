"""`daedalus config`: is the configuration right, and what does it amount to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import CONFIG_HELP, ConfigOption

__all__ = ["config_app"]

config_app = typer.Typer(help="Check the configuration, or show what is in effect.", no_args_is_help=True)


@config_app.command(
    epilog="[bold]Examples[/]\n  daedalus config check\n  daedalus config check /etc/daedalus/config.yaml"
)
def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help=CONFIG_HELP, show_default=False)] = None,
) -> None:
    """Say what is right, or everything that is wrong, with its line. Exit code 0 or 2."""
    from ..config import find_config, load_config
    from ..config.report import summary, warnings

    path = find_config(file)
    loaded = load_config(path)
    typer.secho(f"{path} is right.", fg=typer.colors.GREEN)
    for line in summary(loaded):
        typer.echo(f"  {line}")
    for warning in warnings(loaded, path):
        typer.secho(f"warning: {warning}", fg=typer.colors.YELLOW, err=True)


@config_app.command(epilog="[bold]Example[/]\n  daedalus config show > effective.yaml")
def show(config: ConfigOption = None) -> None:
    """Print every key with the value in effect, as YAML. Secrets are masked."""
    from ..config import load_config
    from ..config.report import effective

    typer.echo(effective(load_config(config)), nl=False)
