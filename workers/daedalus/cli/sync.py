"""`daedalus sync`: tables to the lake."""

from __future__ import annotations

from typing import Annotated

import typer

from .group import FAILED, complain
from .options import ConfigOption, Once

__all__ = ["EXAMPLES", "sync"]

EXAMPLES = (
    "daedalus sync",
    "daedalus sync --dry-run",
    "daedalus sync --once --include-raw",
)


def sync(
    once: Once = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be uploaded, without uploading.")
    ] = False,
    include_raw: Annotated[
        bool | None,
        typer.Option(
            "--include-raw/--no-include-raw",
            help="Upload raw files too, or not. [dim]Default: sync.include_raw[/]",
            show_default=False,
        ),
    ] = None,
    new_lake: Annotated[
        bool,
        typer.Option(
            "--new-lake", help="Accept the target as a new lake, although another lake was known there."
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Upload tables (and raw files) to the lake with verification, and keep the disk within its budget."""
    from .. import sync as worker
    from ..config import load_config
    from ..store.layout import Layout
    from ..worker.start import started
    from .stores import sync_settings

    loaded = load_config(config)
    layout, settings = Layout(loaded.data_dir), sync_settings(loaded, include_raw, new_lake=new_lake)
    if dry_run:
        from .screen import Screen

        worker.render_plan(Screen(), worker.dry_run(layout, settings))
        return
    with started(loaded, "sync") as launch:
        if not once:
            worker.run_sync(layout, settings, launch.stop, setup=launch.setup)
            return
        report = worker.sync_once(layout, settings, stop=launch.stop, setup=launch.setup)
    if report.files_waiting or report.error:
        complain(report.error or f"{report.files_waiting} files still wait")
        raise typer.Exit(FAILED)
