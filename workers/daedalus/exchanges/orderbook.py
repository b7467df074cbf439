"""A book: the levels of both sides, as snapshots and updates leave them; pure.

The normalizer follows books over raw rows, readers over the lake: both with this class. `synced` is False
from a gap until the next snapshot.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterable

from ..tables.rows import BookUpdate, Level

__all__ = ["Book"]

_WAITING = 4096
"""How many updates are kept while a snapshot over REST is on its way."""


class Book:
    """The book of one symbol. ``bids`` and ``asks``: amounts by price; ``depth``: `Channel.depth`."""

    def __init__(self, depth: int | None = None) -> None:
        self._depth = depth
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.synced = False
        self.last_id: int | None = None
        self._waiting: deque[BookUpdate] = deque(maxlen=_WAITING)

    @property
    def waiting(self) -> list[BookUpdate]:
        """The updates since the gap, which wait for the next snapshot."""
        return list(self._waiting)

    def void(self) -> None:
        """Something is missing: the book is void until the next snapshot."""
        self.synced = False
        self._waiting.clear()

    def apply(self, update: BookUpdate) -> None:
        """Take a snapshot or an update, in the order of arrival."""
        if update.is_snapshot:
            self._begin(update)
        elif not self.synced:
            self._waiting.append(update)
        elif update.last_id is None or self.last_id is None or update.last_id > self.last_id:
            self._change(update)

    def top(self) -> tuple[Level | None, Level | None]:
        """The best bid and the best ask, each None where that side is empty."""
        bid, ask = max(self.bids, default=None), min(self.asks, default=None)
        return (
            None if bid is None else (bid, self.bids[bid]),
            None if ask is None else (ask, self.asks[ask]),
        )

    def levels(self, depth: int | None = None) -> tuple[list[Level], list[Level]]:
        """Bids from the highest down and asks from the lowest up, at most ``depth`` of each."""
        bids = sorted(self.bids.items(), reverse=True)
        asks = sorted(self.asks.items())
        return bids[:depth], asks[:depth]

    def digest(self) -> int:
        """CRC-32 of all levels in the order of `levels`, bids before asks, as little-endian float64 pairs."""
        check = 0
        for side in self.levels():
            flat = [number for level in side for number in level]
            check = zlib.crc32(struct.pack(f"<{len(flat)}d", *flat), check)
        return check

    def pack(self) -> bytes:
        """The book as bytes, for `unpack`; b"" if it is not synced."""
        if not self.synced:
            return b""
        bids, asks = self.levels()
        flat = [number for level in (*bids, *asks) for number in level]
        head = struct.pack("<qII", -2 if self.last_id is None else self.last_id, len(bids), len(asks))
        return zlib.compress(head + struct.pack(f"<{len(flat)}d", *flat), 1)

    @classmethod
    def unpack(cls, data: bytes, depth: int | None = None) -> Book:
        """The book of `pack`. Raises `ValueError` for other bytes."""
        book = cls(depth)
        if not data:
            return book
        try:
            plain = zlib.decompress(data)
            last_id, bids, asks = struct.unpack_from("<qII", plain)
            flat = struct.unpack_from(f"<{2 * (bids + asks)}d", plain, struct.calcsize("<qII"))
        except (zlib.error, struct.error) as error:
            raise ValueError(f"not a packed book: {error}") from error
        levels = list(zip(flat[::2], flat[1::2], strict=True))
        book.bids, book.asks = dict(levels[:bids]), dict(levels[bids:])
        book.last_id = None if last_id == -2 else last_id
        book.synced = True
        return book

    def _begin(self, snapshot: BookUpdate) -> None:
        if self.synced and _older(snapshot, self.last_id):
            return  # late, over REST or from a connection that is behind: the book is newer
        last = snapshot.last_id
        # Without ids, a snapshot includes all updates before it.
        waiting = [] if last is None else [each for each in self._waiting if not _older(each, last)]
        # If an update from before the snapshot waits, those after it follow, whatever ids are skipped.
        if last is not None and waiting and len(waiting) == len(self._waiting):
            first = _follows(waiting[0])
            if first is not None and first > last + 1:
                return  # older than the waiting updates: another one will be fetched
        self.bids, self.asks = {}, {}
        self._set(snapshot)
        self._waiting.clear()
        self.last_id = snapshot.last_id
        self.synced = True
        for update in waiting:
            self._change(update)

    def _change(self, update: BookUpdate) -> None:
        self._set(update)
        if update.last_id is not None:
            self.last_id = update.last_id

    def _set(self, update: BookUpdate) -> None:
        _set_side(self.bids, update.bids)
        _set_side(self.asks, update.asks)
        if self._depth is not None:
            _cut(self.bids, self._depth, highest=True)
            _cut(self.asks, self._depth, highest=False)


def _follows(update: BookUpdate) -> int | None:
    """The first id an update covers; if it names the update before, all ids after that one."""
    first, previous = update.first_id, update.previous_id
    return first if first is None or previous is None else min(first, previous + 1)


def _older(update: BookUpdate, last_id: int | None) -> bool:
    return update.last_id is not None and last_id is not None and update.last_id <= last_id


def _set_side(side: dict[float, float], levels: Iterable[Level]) -> None:
    for price, amount in levels:
        if amount:
            side[price] = amount
        else:
            side.pop(price, None)


def _cut(side: dict[float, float], depth: int, *, highest: bool) -> None:
    if len(side) > depth:
        for price in sorted(side, reverse=highest)[depth:]:
            del side[price]
