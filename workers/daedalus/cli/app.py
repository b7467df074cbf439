"""The command `daedalus` and what its help says at the top."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from .. import __version__
from ..lifeline import follow_parent
from .configure import config_app
from .group import Group
from .lake import audit, book, lake_app
from .look import status
from .output import print_anywhere
from .record import demo, ingest, normalize, run, sync
from .simulate import simulate
from .tools import decode
from .watch import doctor, watchdog

__all__ = ["app", "main"]

RECORD, LOOK, TRY = "Record", "Look and check", "Try and understand"

HELP = """Records crypto market data around the clock, and proves what is complete.

Start with [bold]daedalus demo[/]: a simulated exchange, recorded end to end in half a minute.
"""

EPILOG = """[bold]Exit codes[/]: 0 done; 1 failed or incomplete; 2 wrong usage or configuration;
3 another instance does this already; 130 interrupted.

[bold]Environment[/]: DAEDALUS_CONFIG names the configuration, DAEDALUS_LOG_FILE a log file besides stderr,
DAEDALUS_S3_ACCESS_KEY and DAEDALUS_S3_SECRET_KEY the keys to the lake,
DAEDALUS_ALERT_URLS whom the watchdog tells."""

app = typer.Typer(
    cls=Group,
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # they print local variables' lines; a plain traceback is for a bug
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _examples(*lines: str) -> str:
    return "\n".join(["[bold]Examples[/]", *(f"  {line}" for line in lines)])


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


app.command(
    rich_help_panel=RECORD,
    epilog=_examples(
        "daedalus run",
        "daedalus run --duration 600 --no-sync",
        "daedalus run --dry-run   [dim]# what it would start[/]",
    ),
)(run)
app.command(
    rich_help_panel=RECORD,
    epilog=_examples(
        "daedalus ingest binance", "daedalus ingest binance --stats-interval 10 --config my.yaml"
    ),
)(ingest)
app.command(rich_help_panel=RECORD, epilog=_examples("daedalus normalize", "daedalus normalize --once"))(
    normalize
)
app.command(
    rich_help_panel=RECORD,
    epilog=_examples("daedalus sync", "daedalus sync --dry-run", "daedalus sync --once --include-raw"),
)(sync)

app.command(
    rich_help_panel=LOOK,
    epilog=_examples("daedalus status", "daedalus status --json | jq '.\\[] | select(.well | not)'"),
)(status)
app.command(
    rich_help_panel=LOOK,
    epilog=_examples("daedalus doctor", "daedalus doctor --json | jq '.\\[] | select(.level != \"ok\")'"),
)(doctor)
app.command(
    rich_help_panel=LOOK,
    epilog=_examples(
        "daedalus watchdog",
        "daedalus watchdog --dry-run",
        "daedalus watchdog --once --no-sync --memory-limit-mb 1500",
        "daedalus watchdog --test-alert",
    ),
)(watchdog)
app.command(
    rich_help_panel=LOOK,
    epilog=_examples(
        "daedalus audit",
        "daedalus audit data --from 2026-11-01 --exchange binance",
        "daedalus audit s3://bucket/lake --json | jq '.findings'",
    ),
)(audit)
app.command(
    rich_help_panel=LOOK,
    epilog=_examples(
        "daedalus book binance BTCUSDT --at 2026-11-23T12:00:00",
        "daedalus book kraken BTC/USD --at 2026-11-23T12:00:00.5+01:00 --depth 50 --json",
    ),
)(book)
app.add_typer(lake_app, name="lake", rich_help_panel=LOOK)
app.add_typer(config_app, name="config", rich_help_panel=LOOK)

app.command(
    rich_help_panel=TRY,
    epilog=_examples(
        "daedalus demo",
        "daedalus demo --duration 60",
        "daedalus demo --live binance --symbols BTCUSDT,ETHUSDT",
    ),
)(demo)
app.command(
    rich_help_panel=TRY,
    epilog=_examples(
        "daedalus decode binance messages.jsonl.gz",
        "daedalus decode binance data/raw/synced/exchange=binance/channel=trade/.../1795773000.parquet",
        "tail -n 100 messages.jsonl | daedalus decode binance | jq 'select(.table == \"trades\")'",
    ),
)(decode)
app.command(
    rich_help_panel=TRY,
    epilog=_examples(
        "daedalus simulate binance --port 9001 --rate 2000",
        "daedalus simulate binance --port 9001 --drop-after 5000 --skip-every 1000",
        "daedalus simulate coinbase_exchange --port 9001 --replay recording --speed 10",
    ),
)(simulate)


def main() -> None:
    """The entry point of the installed command."""
    follow_parent()
    # Read when Arrow is loaded, which only commands do. Its own allocator keeps what was freed: 20 MB.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    print_anywhere()
    app(prog_name="daedalus")
