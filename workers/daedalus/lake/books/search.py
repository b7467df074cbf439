"""Finds a book in a lake: from a snapshot on, update by update, or not at all.

Where something is missing on the way, the reason is raised and no book is returned. Where the recorder left a
digest on the way, the rebuilt book must have it: it is then the recorder's book, not one like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ...errors import DaedalusError
from ...exchanges import EXCHANGES
from ...tables.gaps import Gap
from ...tables.rows import Level
from ..channels import channel_of
from ..connections import events_of, outages
from ..days import day_of
from ..gap_rows import gaps_of, latest
from ..reader import Lake, LakeFile
from .messages import Messages, digests_of
from .replay import NO_SNAPSHOT, BookReplay

pc: Any = pyarrow.compute

__all__ = ["BookAt", "BookSearch", "NoBookError"]

LOOK_BACK_DAYS = 8
_STALE_SECONDS = 120.0
"""A lake whose last update is older than that ends before the moment that is asked for."""


class NoBookError(DaedalusError):
    """The book is not known at that moment; the message says why."""


class BookAt(Struct, frozen=True):
    """A book as it was known at ``at_ns``. Bids from the highest down, asks from the lowest up.

    ``local_ns``: when its last update was received, ``last_id``: the id of that update. ``verified_ns``: the
    last full minute at which it had the recorder's digest (None: there was none to compare with). Times are
    UTC ns.
    """

    exchange: str
    channel: str
    symbol: str
    at_ns: int
    local_ns: int
    last_id: int | None
    verified_ns: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookSearch:
    """Looks for one book. Files are tried from the newest snapshot backwards until a book holds."""

    def __init__(self, lake: Lake, exchange: str, symbol: str, at_ns: int, channel: str | None) -> None:
        self._lake, self._exchange, self._symbol, self._at_ns = lake, exchange, symbol, at_ns
        listing = lake.listing()
        if listing.unreadable:
            raise NoBookError("{}: {}; what is in it may belong to the book".format(*listing.unreadable[0]))
        files = [file for file in listing.files if file.exchange == exchange]
        self._channel = channel or _channel(files, exchange)
        mine = [file for file in files if file.channel == self._channel]
        this = date.fromisoformat(day_of(at_ns))
        oldest, newest = str(this - timedelta(days=LOOK_BACK_DAYS)), str(this + timedelta(days=1))
        # A file is named by the time of its segment's first row: a later one has nothing from before.
        self._updates = [
            file
            for file in mine
            if file.table == "book_updates" and file.number <= at_ns and oldest <= file.date <= newest
        ]
        self._ledger = [file for file in mine if file.table == "gaps" and file.date >= oldest]
        self._digests = [
            file
            for file in mine
            if file.table == "book_digests" and file.number <= at_ns + 3_600 * 10**9 and file.date >= oldest
        ]
        self._connections = [
            file
            for file in files
            if file.table == "connections" and abs((date.fromisoformat(file.date) - this).days) <= 2
        ]

    def find(self, depth: int | None) -> BookAt:
        """The book with up to ``depth`` levels per side (None: all). Raises as `book_at` does."""
        gaps = self._gaps()
        self._refuse_within(gaps)
        refusal = (
            f"no snapshot of {self._symbol} from the {LOOK_BACK_DAYS} days before that time is in the lake"
        )
        for position in range(len(self._updates) - 1, -1, -1):
            if not self._has_snapshot(self._updates[position]):
                continue
            # A snapshot that came late may lie in a later file than the updates that follow it.
            replay, newest_ns = self._replay(self._updates[max(0, position - 1) :], gaps)
            if replay.broken == NO_SNAPSHOT:
                continue
            if replay.broken:
                # An older snapshot cannot help: what voids the book lies behind this one.
                raise NoBookError(f"there is no book at that time: {replay.broken}")
            if replay.unexplained:
                before, after, _ = replay.unexplained[0]
                raise NoBookError(
                    f"no row lies between the updates {before} and {after}, and the ledger does not say why"
                )
            verified_ns, right = replay.checked[-1] if replay.checked else (None, True)
            if right:
                return self._book(replay, newest_ns, verified_ns, depth)
            refusal = f"the rebuilt book is not the book that the recorder had at {_clock(verified_ns or 0)}"
        raise NoBookError(refusal)

    def _book(self, replay: BookReplay, newest_ns: int, verified_ns: int | None, depth: int | None) -> BookAt:
        limit = max(_STALE_SECONDS, 2 * (channel_of(self._exchange, self._channel).silence_seconds or 0))
        if self._at_ns - newest_ns > limit * 10**9:
            raise NoBookError(f"the last update before came at {_clock(newest_ns)}: the lake ends there")
        bids, asks = replay.book.levels(depth)
        return BookAt(
            exchange=self._exchange,
            channel=self._channel,
            symbol=self._symbol,
            at_ns=self._at_ns,
            local_ns=replay.last_ns,
            last_id=replay.book.last_id,
            verified_ns=verified_ns,
            bids=tuple(bids),
            asks=tuple(asks),
        )

    def _replay(self, files: Sequence[LakeFile], gaps: Sequence[Gap]) -> tuple[BookReplay, int]:
        """The replay of these files, and when (ns) their newest row of any symbol came."""
        replay = BookReplay.of_channel(self._exchange, self._channel, self._symbol)
        begins = files[0].number
        replay.expect_gaps(gap for gap in gaps if begins <= gap.to_timestamp <= self._at_ns)
        digests = [
            digest
            for file in self._digests
            if file.number >= begins
            for batch in self._lake.batches(file, symbol=self._symbol)
            for digest in digests_of(batch)
            if begins < digest.minute_ns <= self._at_ns
        ]
        replay.expect_digests(sorted(digests, key=lambda digest: digest.minute_ns))
        newest_ns = 0
        for file in files:
            messages = Messages(self._symbol)
            for batch in self._lake.checked(file):
                local = batch.column("local_timestamp").cast(pa.int64())
                batch = batch.filter(pc.less_equal(local, self._at_ns))
                if not batch.num_rows:
                    continue
                newest_ns = max(newest_ns, pc.max(batch.column("local_timestamp").cast(pa.int64())).as_py())
                part = batch.filter(pc.equal(batch.column("symbol"), self._symbol))
                if part.num_rows:
                    for message in messages.feed(part):
                        replay.feed(message)
            for message in messages.end():
                replay.feed(message)
        replay.end(self._at_ns + 1)
        return replay, newest_ns

    def _has_snapshot(self, file: LakeFile) -> bool:
        names = ["symbol", "is_snapshot", "local_timestamp"]
        for batch in self._lake.batches(file, names, self._symbol):
            early = pc.less_equal(batch.column("local_timestamp").cast(pa.int64()), self._at_ns)
            if pc.any(pc.and_(early, batch.column("is_snapshot"))).as_py():
                return True
        return False

    def _gaps(self) -> list[Gap]:
        gaps = [gap for file in self._ledger for batch in self._lake.checked(file) for gap in gaps_of(batch)]
        return latest(gap for gap in gaps if gap.symbol == self._symbol and gap.status != "filled")

    def _refuse_within(self, gaps: Sequence[Gap]) -> None:
        """Raise `NoBookError` if the moment lies in a gap, or nothing was recorded before it."""
        if not self._updates:
            raise NoBookError(
                f"no updates of {self._exchange} {self._channel} are in the lake before that time"
            )
        for gap in gaps:
            if gap.from_timestamp < self._at_ns < gap.to_timestamp:
                begins, ends = _clock(gap.from_timestamp), _clock(gap.to_timestamp)
                raise NoBookError(f"updates are missing between {begins} and {ends} ({gap.cause})")
        events = [
            event
            for file in self._connections
            for batch in self._lake.checked(file)
            for event in events_of(batch)
        ]
        for from_ns, to_ns in outages(events):
            if from_ns < self._at_ns < to_ns:
                begins, ends = _clock(from_ns), _clock(to_ns)
                raise NoBookError(f"there was no connection between {begins} and {ends}")


def _channel(files: Sequence[LakeFile], exchange: str) -> str:
    """The one channel of books that the lake has of an exchange."""
    found = sorted({file.channel for file in files if file.table == "book_updates"})
    if len(found) == 1:
        return found[0]
    if found:
        raise NoBookError(
            f"the lake has several channels of books of {exchange}: {', '.join(found)}. Name one."
        )
    hint = "" if exchange in EXCHANGES else f"; no exchange is called {exchange}"
    raise NoBookError(f"the lake has no books of {exchange}{hint}")


def _clock(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest // 10**6:03d}"
