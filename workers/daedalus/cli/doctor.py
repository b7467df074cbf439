"""`daedalus doctor`: what is wrong with machine and recorder, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .group import FAILED
from .options import ConfigOption
from .output import echo_json, show

if TYPE_CHECKING:
    from ..config import Config

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES = (
    "daedalus doctor",
    "daedalus doctor --json | jq '.\\[] | select(.level != \"ok\")'",
)


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not contact exchanges and the store.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Examine the machine and the recorder: what is wrong, and what to do about it.

    Exit code 1 if something is bad. Nothing is changed.
    """
    from ..doctor import Level, as_json, as_table, examine
    from ..storage import open_target
    from ..store.layout import Layout
    from ..sync.known_lake import KnownLake
    from .stores import sync_settings

    def ask_store(config: Config) -> None:
        target = open_target(sync_settings(config, None))
        target.check()
        KnownLake(Layout(config.data_dir), target).look()

    findings = examine(config, ask_store=ask_store, offline=offline)
    if json:
        echo_json(as_json(findings))
    else:
        show(as_table(findings))
    if any(each.level is Level.BAD for each in findings):
        raise typer.Exit(FAILED)
