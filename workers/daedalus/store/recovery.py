"""Recovery: what a killed recorder left in ``raw/active/`` is sealed when the next one starts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from msgspec import Struct

from .disk import explain
from .files import make_directories
from .layout import Layout, SegmentId
from .seal import Sealed, remove_unfinished, seal

__all__ = ["Recovery", "recover"]


class Recovery(Struct, frozen=True):
    """What was found at the start.

    ``segments`` were taken over with ``rows`` rows, the newest received at ``newest_ns`` (UTC ns).
    ``damaged``: copies of bytes that were no whole batch. ``unsealed`` could not be sealed yet, in
    most cases because the disk is full; they are safe where they are. ``notes``: one line for each
    thing somebody should know.
    """

    segments: int = 0
    rows: int = 0
    newest_ns: int | None = None
    damaged: tuple[Path, ...] = ()
    unsealed: tuple[SegmentId, ...] = ()
    notes: tuple[str, ...] = ()


def recover(layout: Layout, exchange: str) -> Recovery:
    """Seal every active file of an exchange. No writer of it may run: hold its lock.

    Raises `OSError` if ``raw/active/`` cannot be made or read at all.
    """
    make_directories(layout.active)
    remove_unfinished(layout, exchange)
    done: list[Sealed] = []
    unsealed: list[SegmentId] = []
    notes: list[str] = []
    for segment in layout.active_segments(exchange):
        if any(segment.partition == earlier.partition for earlier in unsealed):
            unsealed.append(segment)  # the segments of a partition reach ready/ in their order
            continue
        try:
            sealed = seal(layout, segment)
        except (OSError, pa.ArrowException) as error:
            why = explain(error, layout.data_dir) if isinstance(error, OSError) else repr(error)
            unsealed.append(segment)
            notes.append(f"{segment.active_name} is not sealed yet: {why}")
            continue
        done.append(sealed)
        notes += [
            f"{path.stat().st_size} bytes of {segment.active_name} are no whole batch; kept as {path}"
            for path in sealed.damaged
        ]
    return Recovery(
        segments=len(done),
        rows=sum(sealed.rows for sealed in done),
        newest_ns=max((sealed.newest_ns for sealed in done if sealed.newest_ns is not None), default=None),
        damaged=tuple(path for sealed in done for path in sealed.damaged),
        unsealed=tuple(unsealed),
        notes=tuple(notes),
    )
