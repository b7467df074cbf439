"""One segment: its raw file goes through the pipeline; its tables and its checkpoint get their final names.

The order of the steps makes it safe to be killed at any moment: tables are published first, then the
checkpoint, and only then does the raw file change its state. Until then the segment is simply done again,
from the same checkpoint, to the same bytes under the same names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import BinaryIO, cast

from ..exchanges.model import Exchange
from ..store.files import make_directories, move
from ..store.layout import NORMALIZED, READY, Layout, SegmentId
from .checkpoint_files import read_checkpoint, write_checkpoint
from .pipeline import Counts, Pipeline
from .read import read_raw
from .write import write_tables

__all__ = ["Interrupted", "normalize_segment"]

SPILL_IN_MEMORY = 32 * 1024 * 1024
"""Bytes of rows in memory that wait for their order, twice the size of the tables; more go to the disk."""


class Interrupted(Exception):  # noqa: N818 - not an error
    """The worker was told to stop within a segment, which stays as it was."""


def normalize_segment(
    layout: Layout, segment: SegmentId, exchange: Exchange, go_on: Callable[[], bool] = lambda: True
) -> Counts:
    """Turn a segment in ``raw/ready`` into files in ``tables/ready``, then move it to ``raw/normalized``.

    ``go_on`` is asked every few thousand rows. Raises `DamagedSegmentError` if the segment's bytes are
    damaged (nothing is published then), `Interrupted` if ``go_on`` says no, and `OSError` or `MemoryError` if
    it cannot be read, or its tables cannot be written, for now.
    """

    def ask() -> None:
        if not go_on():
            raise Interrupted

    source = layout.raw(READY) / segment.sealed_path
    make_directories(layout.tables_active)
    with tempfile.SpooledTemporaryFile(SPILL_IN_MEMORY, dir=str(layout.tables_active)) as spill:
        checkpoint = read_checkpoint(layout, segment)
        pipeline = Pipeline(exchange, segment.partition.channel, checkpoint, cast(BinaryIO, spill))
        del checkpoint  # the pipeline works on its own copy
        for records in read_raw(source):
            ask()
            if records is None:
                pipeline.damage()
            else:
                pipeline.feed(records)
        write_tables(layout, segment, pipeline.files(), pipeline.batches, ask)
    write_checkpoint(layout, segment, pipeline.checkpoint())
    move(source, layout.raw(NORMALIZED) / segment.sealed_path)
    return pipeline.counts
