"""The gaps that are not fetched yet, kept over a restart: REST may be down for longer than a process lives.

A file that is lost or damaged costs these attempts alone: in the ledger the gaps stay open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from ...exchanges.model import Missing, Subscription
from ...store.files import read_json, write_atomic

__all__ = ["PendingGaps"]

log = logging.getLogger("daedalus.ingest.gaps.pending")

SAVE_SECONDS = 300.0
"""At most 2 MB are written each time, and nothing where nothing has changed."""


class PendingGaps:
    """The file ``<directory>/<worker>.gaps``."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._path = directory / f"{worker}.gaps"
        self._saved: Sequence[Missing] = ()

    def load(self, streams: Collection[Subscription]) -> list[Missing]:
        """What the last process had still to fetch of these streams."""
        self._saved = read_json(self._path, list[Missing]) or []
        return [
            each
            for each in self._saved
            if Subscription(each.channel, each.symbol) in streams
            and (each.first is None) is (each.last is None)
            and (each.first or 0) <= (each.last or 0)
            and 0 <= each.from_ns <= each.to_ns
        ]

    def save(self, gaps: Sequence[Missing]) -> None:
        """Keep these gaps and no others."""
        if list(gaps) == list(self._saved):
            return
        try:
            write_atomic(self._path, msgspec.json.encode(gaps), durable=False)
        except OSError as error:
            log.warning("the gaps that are still to be fetched cannot be saved: %s", error)
            return
        self._saved = gaps

    async def keep(self, pending: Callable[[], Sequence[Missing]]) -> None:
        """Save what is pending now and then, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            await asyncio.to_thread(self.save, pending())
