"""The commands that record: each worker by itself, all of them together, and the demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .group import FAILED, complain
from .options import ConfigOption, Exchange, configured, exchange_names, known_exchange, symbol_list
from .signals import stop_event

if TYPE_CHECKING:
    from ..config import Config
    from ..sync import SyncSettings

__all__ = ["demo", "ingest", "normalize", "run", "sync", "sync_settings"]

DEMO_SECONDS = 30.0

StatsInterval = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        metavar="SECONDS",
        help="Print a line of figures to stdout every so often.",
        show_default=False,
    ),
]
Duration = Annotated[
    float | None,
    typer.Option(min=0.1, metavar="SECONDS", help="Stop in good order after so long.", show_default=False),
]
Once = Annotated[bool, typer.Option("--once", help="Do all that waits now, then end.")]


def ingest(exchange: Exchange, stats_interval: StatsInterval = None, config: ConfigOption = None) -> None:
    """Record one exchange until SIGTERM or Ctrl-C.

    Whatever comes off its websockets goes to raw files, byte for byte, with the time it came.
    """
    from ..config import load_config
    from ..ingest import run_ingest
    from ..log import setup_logging

    loaded = load_config(config)
    configured(loaded, exchange)
    setup_logging(loaded.log.level)
    raise typer.Exit(run_ingest(loaded, exchange, stats_interval))


def normalize(
    once: Once = False,
    retry_damaged: Annotated[
        bool,
        typer.Option("--retry-damaged", help="First take in again what was set aside as damaged."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Turn sealed raw files into tables: trades, books, quotes, and the ledger of gaps."""
    from ..config import load_config, setup_of
    from ..log import setup_logging
    from ..normalize import run_normalize
    from ..store.layout import Layout

    loaded = load_config(config)
    setup_logging(loaded.log.level)
    with stop_event() as stop:
        progress = run_normalize(
            Layout(loaded.data_dir),
            loaded.normalize.interval_seconds,
            stop,
            once,
            setup_of(loaded, "normalize"),
            retry_damaged,
            frozenset(loaded.exchanges),
        )
    if once and (progress.trouble or progress.damaged):
        complain(
            progress.trouble or f"{progress.damaged} damaged segments were set aside; the log names them"
        )
        raise typer.Exit(FAILED)


def sync(
    once: Once = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be uploaded, and upload nothing.")
    ] = False,
    include_raw: Annotated[
        bool | None,
        typer.Option(
            "--include-raw/--no-include-raw",
            help="Upload raw files too, or not. [dim]Without it: sync.include_raw[/]",
            show_default=False,
        ),
    ] = None,
    new_lake: Annotated[
        bool,
        typer.Option("--new-lake", help="What is at the target now is the lake, though another was known."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Bring tables (and raw files) to the lake, verified, and keep the disk within its budget."""
    from .. import sync as worker
    from ..config import load_config, setup_of
    from ..log import setup_logging
    from ..store.layout import Layout

    loaded = load_config(config)
    layout, settings = Layout(loaded.data_dir), sync_settings(loaded, include_raw, new_lake=new_lake)
    if dry_run:
        from .screen import Screen

        worker.render_plan(Screen(), worker.dry_run(layout, settings))
        return
    setup_logging(loaded.log.level)
    setup = setup_of(loaded, "sync")
    with stop_event() as stop:
        if not once:
            worker.run_sync(layout, settings, stop, setup=setup)
            return
        report = worker.sync_once(layout, settings, stop=stop, setup=setup)
    if report.files_waiting or report.error:
        complain(report.error or f"{report.files_waiting} files still wait")
        raise typer.Exit(FAILED)


def sync_settings(config: Config, include_raw: bool | None, *, new_lake: bool = False) -> SyncSettings:
    """What sync needs of a configuration; ``include_raw`` None: what the configuration says."""
    from ..sync import SyncSettings

    about = config.sync
    return SyncSettings(
        target=config.target,
        endpoint_url=about.endpoint_url,
        access_key=about.access_key.get_secret_value() if about.access_key else None,
        secret_key=about.secret_key.get_secret_value() if about.secret_key else None,
        region=about.region,
        include_raw=about.include_raw if include_raw is None else include_raw,
        new_lake=new_lake,
        concurrency=about.concurrency,
        interval_seconds=about.interval_seconds,
        budget_mb=about.retention.max_disk_mb,
        # Twice what the writer stops at: what the lake has makes room before recording must wait.
        min_free_mb=2 * config.writer.min_free_mb,
    )


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


def demo(
    live: Annotated[
        str | None,
        typer.Option(
            metavar="EXCHANGE",
            help="Record this real exchange instead of a simulated one.",
            callback=known_exchange,
            autocompletion=exchange_names,
            show_default=False,
        ),
    ] = None,
    symbols: Annotated[
        str,
        typer.Option(metavar="A,B", help="As the exchange spells them. [dim]Without it: its usual ones[/]"),
    ] = "",
    duration: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            metavar="SECONDS",
            help=f"Stop after so long. [dim]Without it: {DEMO_SECONDS:.0f}, with --live until Ctrl-C[/]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Record a simulated exchange end to end into data/demo, then show what is in the lake."""
    from ..log import setup_logging
    from ..run import run_demo
    from .screen import Screen

    setup_logging("warning")
    if live is None and duration is None:
        duration = DEMO_SECONDS
    place = Path("data/live" if live else "data/demo")
    exchange = live or "binance"
    wanted = symbol_list(symbols, exchange)
    code = run_demo(Screen(), place, exchange, wanted, live=live is not None, duration=duration)
    raise typer.Exit(code)
