"""Merges the lakes of two recorders into one: what either has, and a ledger of what both missed.

The result does not depend on which lake is named first; done again it gives the same bytes. Raw files are not
merged: they stay what each recorder received.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from ...storage.errors import TargetError, TargetErrorKind
from ...storage.target import Target
from ..reader import Lake, LakeFile, Listing
from .channel import merge_channel
from .writer import ChannelWriter

__all__ = ["Merged", "merge"]

_Channel = tuple[str, str]


class Merged(Struct):
    """What was written. ``filled`` and ``missed``: gaps of one recorder that the other has, and of both."""

    files: int = 0
    unchanged: int = 0
    rows: int = 0
    filled: int = 0
    missed: int = 0


def merge(
    one: Lake,
    other: Lake,
    target: Target,
    there: Listing | None = None,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Merged:
    """Merge two lakes into ``target``. ``there`` is what lies in it already.

    ``progress`` is told the bytes merged. Raises `TargetError`, also where the target holds files that this
    merge does not write, and `DamagedFileError` if a file of either lake is damaged.
    """
    lakes = one, other
    listings = one.listing(), other.listing()
    for lake, listing in zip(lakes, listings, strict=True):
        _refuse_unusable(lake, listing)
    files: dict[_Channel, tuple[list[LakeFile], list[LakeFile]]] = {}
    for side, listing in enumerate(listings):
        for file in listing.files:
            files.setdefault((file.exchange, file.channel), ([], []))[side].append(file)
    # One number for all files of a channel: the least of both lakes.
    numbers = {channel: min(file.number for side in files[channel] for file in side) for channel in files}
    if there is not None:
        _refuse_foreign(there, numbers, target)
    done = Merged()
    with tempfile.TemporaryDirectory() as aside:
        for (exchange, channel), of_channel in sorted(files.items()):
            number = numbers[exchange, channel]
            writer = ChannelWriter(exchange, channel, number, target, Path(aside) / "part.parquet")
            ledger = merge_channel(exchange, channel, lakes, of_channel, writer)
            done.files += writer.files
            done.unchanged += writer.unchanged
            done.rows += writer.rows
            done.filled += sum(gap.status == "filled" for gap in ledger)
            done.missed += sum(gap.status != "filled" for gap in ledger)
            progress(sum(file.size for side in of_channel for file in side))
    return done


def _refuse_unusable(lake: Lake, listing: Listing) -> None:
    """Merge nothing that cannot be seen whole: rows would be missing, and no ledger would say so."""
    if listing.unreadable:
        key, trouble = listing.unreadable[0]
        problem, remedy = f"{key}: {trouble}", "Make it readable; audit both lakes first."
        raise TargetError(TargetErrorKind.SOURCE, lake.url, problem, remedy)
    if not listing.files:
        problem, remedy = "no file of a table is there", "Name a lake's folder, or a data_dir."
        raise TargetError(TargetErrorKind.BUCKET, lake.url, problem, remedy)


def _refuse_foreign(there: Listing, numbers: Mapping[_Channel, int], target: Target) -> None:
    """Leave a place alone that holds files which this merge would not write."""
    foreign = [file.key for file in there.files if numbers.get((file.exchange, file.channel)) != file.number]
    if foreign or there.strangers:
        raise TargetError(
            TargetErrorKind.SETTINGS,
            target.url,
            f"it holds files that are not of this merge, such as {(*foreign, *there.strangers)[0]}",
            "Name an empty place, or the one that the same two lakes were merged into.",
        )
