"""`daedalus lake merge`: the lakes of two recorders as one."""

from __future__ import annotations

from typing import Annotated

import typer

from .group import FAILED, complain
from .options import ConfigOption

__all__ = ["lake_app"]

lake_app = typer.Typer(help="Work on whole lakes.", no_args_is_help=True)


@lake_app.command()
def merge(
    one: Annotated[
        str, typer.Argument(metavar="A", help="A recorder's lake: a URL or folder, or a data_dir.")
    ],
    other: Annotated[str, typer.Argument(metavar="B", help="The other recorder's lake.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="Where the merged lake goes: a URL or a folder.")],
    config: ConfigOption = None,
) -> None:
    """Merge the lakes of two recorders of the same channels.

    Each fills the other's gaps; of a row that both have, the one received first stays. The ledger of OUT
    has the gaps of both. The order of A and B does not matter, and a second run changes nothing.
    """
    from ..lake import open_lake
    from ..lake.merge import merge as merged
    from ..lake.merge import refuse_overlap
    from ..lake.table_file import DamagedFileError
    from ..storage import TargetError, TargetErrorKind, open_target
    from .screen import Screen, byte_progress
    from .stores import lake_settings

    sources = [lake_settings(each, config) for each in (one, other)]
    settings = lake_settings(out, config)
    first, second = (open_lake(each) for each in sources)
    refuse_overlap(sources, settings)
    target = open_target(settings)
    try:
        there = open_lake(settings).listing()
    except TargetError as error:
        if error.kind is not TargetErrorKind.BUCKET:
            raise
        there = None  # a folder that does not exist yet
    target.check()
    with byte_progress("merging") as bar:
        size = sum(file.size for lake in (first, second) for file in lake.listing().files)
        task = bar.add_task("merge", total=size)
        try:
            done = merged(first, second, target, there, progress=lambda read: bar.advance(task, read))
        except DamagedFileError as damage:
            complain(f"{damage}. Damaged files are not merged: audit both lakes first.")
            raise typer.Exit(FAILED) from None
    Screen().print(
        f"{target.url}: {done.files:,} files ({done.unchanged:,} unchanged), {done.rows:,} rows\n"
        f"gaps that one lake filled for the other: {done.filled:,}; gaps in both: {done.missed:,}",
        soft_wrap=True,
    )
