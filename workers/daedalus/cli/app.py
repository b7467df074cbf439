"""The command `daedalus`, and the top of its help."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import typer

from .. import __version__
from ..worker.lifeline import follow_parent
from . import audit, book, decode, demo, doctor, ingest, normalize, run, simulate, status, sync, watchdog
from .config import config_app
from .group import Commands, Group
from .lake import lake_app
from .output import print_anywhere

__all__ = ["app", "main"]

RECORD, LOOK, TRY = "Record", "Look and check", "Try and understand"

HELP = """Records crypto market data around the clock and proves what is complete.

To see it work, run [bold]daedalus demo[/]: it records a simulated exchange for half a minute.
"""

EPILOG = """[bold]Exit codes[/]
  0   done
  1   failed or incomplete
  2   wrong usage or configuration
  3   another instance is running
  130 interrupted

[bold]Environment[/]
  DAEDALUS_CONFIG         the configuration file
  DAEDALUS_LOG_FILE       a log file, besides stderr
  DAEDALUS_S3_ACCESS_KEY, DAEDALUS_S3_SECRET_KEY
                          the keys to the lake
  DAEDALUS_ALERT_URLS     where the watchdog sends alerts"""

app = typer.Typer(
    cls=Group,
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # a bug is reported with Python's own traceback
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"daedalus {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


def _add(panel: str, command: Callable[..., None], examples: tuple[str, ...]) -> None:
    shown = "\n".join(["[bold]Examples[/]", *(f"  {line}" for line in examples)])
    app.command(rich_help_panel=panel, epilog=shown)(command)


_add(RECORD, run.run, run.EXAMPLES)
_add(RECORD, ingest.ingest, ingest.EXAMPLES)
_add(RECORD, normalize.normalize, normalize.EXAMPLES)
_add(RECORD, sync.sync, sync.EXAMPLES)

_add(LOOK, status.status, status.EXAMPLES)
_add(LOOK, doctor.doctor, doctor.EXAMPLES)
_add(LOOK, watchdog.watchdog, watchdog.EXAMPLES)
_add(LOOK, audit.audit, audit.EXAMPLES)
_add(LOOK, book.book, book.EXAMPLES)
app.add_typer(lake_app, name="lake", cls=Commands, rich_help_panel=LOOK)
app.add_typer(config_app, name="config", cls=Commands, rich_help_panel=LOOK)

_add(TRY, demo.demo, demo.EXAMPLES)
_add(TRY, decode.decode, decode.EXAMPLES)
_add(TRY, simulate.simulate, simulate.EXAMPLES)


def main() -> None:
    """The entry point of the installed command."""
    follow_parent()
    # Read when Arrow is loaded, which only commands do. Its own allocator keeps what was freed: 20 MB.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    print_anywhere()
    app(prog_name="daedalus")
