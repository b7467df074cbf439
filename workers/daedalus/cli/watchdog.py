"""`daedalus watchdog`: look after the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .group import FAILED, USAGE, complain
from .options import ConfigOption

if TYPE_CHECKING:
    from ..config import Config
    from ..watchdog import Options

__all__ = ["EXAMPLES", "watchdog"]

EXAMPLES = (
    "daedalus watchdog",
    "daedalus watchdog --dry-run",
    "daedalus watchdog --once --no-sync --memory-limit-mb 1500",
    "daedalus watchdog --test-alert",
)


def watchdog(
    once: Annotated[bool, typer.Option("--once", help="Look and act once, then exit.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look once and print what would be done; no restart, no alert.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Show open problems and past restarts.")] = False,
    no_sync: Annotated[bool, typer.Option("--no-sync", help="Do not watch sync.")] = False,
    memory_limit_mb: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="MB",
            help="Restart a worker at this size. [dim]Default: memory.restart_mb[/]",
            show_default=False,
        ),
    ] = None,
    test_alert: Annotated[
        bool, typer.Option("--test-alert", help="Send one alert to every URL of alerts.urls, and exit.")
    ] = False,
    report: Annotated[
        str | None,
        typer.Option(
            "--report",
            metavar="UNIT",
            help="Alert that this systemd unit has failed, at most once an hour, and exit.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Watch the workers: once a minute restart what leaks or hangs, and alert a person.

    Exit code 1 with --once, --dry-run and --status if a problem is open; with --test-alert if one failed.
    """
    from ..config import load_config
    from ..watchdog import Options, report_failure, run_watchdog, send_test
    from ..worker.log import setup_logging
    from ..worker.start import started

    if sum((once, dry_run, status, test_alert, report is not None)) > 1:
        complain("Give only one of --once, --dry-run, --status, --test-alert and --report.")
        raise typer.Exit(USAGE)
    loaded = load_config(config)
    setup_logging(loaded.log.level)
    options = Options(dry_run=dry_run, no_sync=no_sync, memory_limit_mb=memory_limit_mb)
    if status:
        well = _show_state(loaded)
    elif once or dry_run:
        well = _look_once(loaded, options)
    elif test_alert:
        well = send_test(loaded)
    elif report is not None:
        well = report_failure(loaded, report)
    else:
        with started(loaded, "watchdog") as launch:
            run_watchdog(loaded, options, launch)
        return
    if not well:
        raise typer.Exit(FAILED)


def _show_state(config: Config) -> bool:
    from ..watchdog import show_state
    from .screen import Screen

    shown, well = show_state(config)
    Screen().print(shown, soft_wrap=True)
    return well


def _look_once(config: Config, options: Options) -> bool:
    from ..watchdog import render_look, watch_once
    from .screen import Screen

    seen, decision = watch_once(config, options)
    Screen().print(render_look(seen, decision, dry_run=options.dry_run), soft_wrap=True)
    return not any(each.told is not None for each in decision.state.problems.values())
