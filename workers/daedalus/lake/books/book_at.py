"""A book at any moment, rebuilt from the lake: from a snapshot on, update by update, or not at all.

Where something is missing on the way, the reason is raised and no book is returned. Where the recorder
left a digest on the way, the book must have it: it then is the recorder's book, not one like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ...errors import DaedalusError
from ...exchanges import EXCHANGES
from ...storage.settings import StorageSettings
from ...tables.gaps import Gap
from ...tables.rows import Level
from ..channels import IdScheme, channel_of, id_scheme
from ..connections import events_of, outages
from ..gap_rows import gaps_of, latest
from ..reader import Lake, LakeFile, open_lake
from .messages import Messages, digests_of
from .replay import NO_SNAPSHOT, BookReplay

pc: Any = pyarrow.compute

__all__ = ["BookAt", "NoBookError", "book_at", "moment"]

LOOK_BACK_DAYS = 8
_STALE_SECONDS = 120.0
_TABLE = "book_updates"


class NoBookError(DaedalusError):
    """There is no book that may be believed; the message says why."""


class BookAt(Struct, frozen=True):
    """A book as it was known at ``at_ns``. Bids from the highest down, asks from the lowest up.

    ``local_ns`` is when its last update came, ``last_id`` that one's id; ``verified_ns`` the last full minute
    at which it had the recorder's digest (None: none was there to compare with).
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


def book_at(
    root: str | Path | Lake,
    exchange: str,
    symbol: str,
    at: datetime | int | str,
    *,
    channel: str | None = None,
    depth: int | None = None,
) -> BookAt:
    """The book of a symbol after the last message that had come by ``at``.

    ``root`` is a lake's URL or folder, or a data directory. ``at``: a datetime, UTC ns, or ISO 8601 (UTC
    where it names no zone); our own clock's time, ``local_timestamp``. ``depth``: levels of each side.
    Raises `NoBookError` where the book is not known then, `TargetError` where there is no lake, and
    `DamagedFileError` where a file on the way is damaged.
    """
    lake = root if isinstance(root, Lake) else open_lake(StorageSettings(target=str(root)))
    at_ns = moment(at)
    seeker = _Seeker(lake, exchange, symbol, at_ns, channel)
    return seeker.find(depth)


def moment(at: datetime | int | str) -> int:
    """A time as UTC ns. Raises `ValueError` for a text that is none."""
    if isinstance(at, int):
        return at
    fraction = 0
    if isinstance(at, str):
        at, fraction = _parsed(at)
    zoned = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000 + fraction


def _parsed(text: str) -> tuple[datetime, int]:
    """A datetime in whole seconds, and the ns that come on top."""
    head, point, rest = text.strip().partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :]
    if point and not 1 <= len(digits) <= 9:
        raise ValueError(f"expected up to nine digits of a second, got {text!r}")
    return datetime.fromisoformat(head + zone), int(digits.ljust(9, "0")) if digits else 0


class _Seeker:
    """Finds one book. Files are tried from the newest snapshot backwards until a book holds."""

    def __init__(self, lake: Lake, exchange: str, symbol: str, at_ns: int, channel: str | None) -> None:
        self._lake, self._exchange, self._symbol, self._at_ns = lake, exchange, symbol, at_ns
        listing = lake.listing()
        if listing.unreadable:
            raise NoBookError("{}: {}; what is in it may belong to the book".format(*listing.unreadable[0]))
        files = [file for file in listing.files if file.exchange == exchange]
        self._channel = channel or _channel(files, exchange)
        mine = [file for file in files if file.channel == self._channel]
        oldest = str(_day(at_ns) - timedelta(days=LOOK_BACK_DAYS))
        newest = str(_day(at_ns) + timedelta(days=1))
        # A file is named by the time of its segment's first row: a later one has nothing from before.
        self._updates = [
            file
            for file in mine
            if file.table == _TABLE and file.number <= at_ns and oldest <= file.date <= newest
        ]
        self._ledger = [file for file in mine if file.table == "gaps" and file.date >= oldest]
        self._digests = [
            file
            for file in mine
            if file.table == "book_digests" and file.number <= at_ns + 3_600 * 10**9 and file.date >= oldest
        ]
        self._connections = [
            file for file in files if file.table == "connections" and abs(_apart(file, at_ns)) <= 2
        ]

    def find(self, depth: int | None) -> BookAt:
        gaps = self._gaps()
        self._refuse_within(gaps)
        refusal = f"no snapshot of {self._symbol} is in the lake from {LOOK_BACK_DAYS} days before"
        for position in range(len(self._updates) - 1, -1, -1):
            if not self._has_snapshot(self._updates[position]):
                continue
            # A snapshot that came late may lie in a later file than the updates that follow it.
            replay = self._replay(self._updates[max(0, position - 1) :], gaps)
            if replay.broken == NO_SNAPSHOT:
                continue
            if replay.broken:
                # An older snapshot cannot help: what voids the book lies behind this one.
                raise NoBookError(f"there is no book then: {replay.broken}")
            checked = replay.checked
            if replay.jumps or replay.doubted:
                before, after, _ = (*replay.doubted, *replay.jumps)[0]
                raise NoBookError(
                    f"there is no row between the updates {before} and {after}, and no line in the ledger"
                )
            if not checked or checked[-1][1]:
                return self._book(replay, checked[-1][0] if checked else None, depth)
            refusal = f"rebuilt, it is not the book that the recorder had at {_clock(checked[-1][0])}"
        raise NoBookError(refusal)

    def _book(self, replay: BookReplay, verified_ns: int | None, depth: int | None) -> BookAt:
        limit = max(_STALE_SECONDS, 2 * (channel_of(self._exchange, self._channel).silence_seconds or 0))
        if self._at_ns - self._last_ns > limit * 10**9:
            raise NoBookError(f"the last update before came at {_clock(self._last_ns)}: the lake ends there")
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

    def _replay(self, files: Sequence[LakeFile], gaps: Sequence[Gap]) -> BookReplay:
        about = channel_of(self._exchange, self._channel)
        rule = id_scheme(self._exchange, self._channel)
        replay = BookReplay(
            self._symbol,
            numbered=rule is IdScheme.BOOK,
            began_anew=about.snapshot == "stream",
            depth=about.depth,
        )
        begins = files[0].number
        replay.expect([gap for gap in gaps if begins <= gap.to_timestamp <= self._at_ns], [])
        digests = [
            digest
            for file in self._digests
            if file.number >= begins
            for batch in self._lake.batches(file, symbol=self._symbol)
            for digest in digests_of(batch)
        ]
        digests.sort(key=lambda digest: digest.minute_ns)
        replay.expect([], [digest for digest in digests if begins < digest.minute_ns <= self._at_ns])
        self._last_ns = 0
        for file in files:
            messages = Messages(self._symbol)
            for batch in self._lake.checked(file):
                early = pc.less_equal(batch.column("local_timestamp").cast(pa.int64()), self._at_ns)
                batch = batch.filter(early)
                if batch.num_rows:
                    newest = pc.max(batch.column("local_timestamp").cast(pa.int64())).as_py()
                    self._last_ns = max(self._last_ns, newest)
                part = batch.filter(pc.equal(batch.column("symbol"), self._symbol))
                if part.num_rows:
                    for message in messages.feed(part):
                        replay.feed(message)
            for message in messages.end():
                replay.feed(message)
        replay.end(self._at_ns + 1)
        return replay

    def _has_snapshot(self, file: LakeFile) -> bool:
        names = ["symbol", "is_snapshot", "local_timestamp"]
        for batch in self._lake.batches(file, names, self._symbol):
            early = pc.less_equal(batch.column("local_timestamp").cast(pa.int64()), self._at_ns)
            if pc.any(pc.and_(early, batch.column("is_snapshot"))).as_py():
                return True
        return False

    def _gaps(self) -> list[Gap]:
        lines = [
            line for file in self._ledger for batch in self._lake.checked(file) for line in gaps_of(batch)
        ]
        return latest(line for line in lines if line.symbol == self._symbol and line.status != "filled")

    def _refuse_within(self, gaps: Sequence[Gap]) -> None:
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
                raise NoBookError(f"no connection stood between {_clock(from_ns)} and {_clock(to_ns)}")


def _channel(files: Sequence[LakeFile], name: str) -> str:
    """The exchange's channel of books that is in the lake."""
    found = sorted({file.channel for file in files if file.table == _TABLE})
    if len(found) == 1:
        return found[0]
    if found:
        raise NoBookError(f"the lake has several channels of books of {name}: {', '.join(found)}. Name one.")
    exchange = EXCHANGES.get(name)
    hint = "" if exchange is not None else f"; no exchange is called {name}"
    raise NoBookError(f"the lake has no books of {name}{hint}")


def _day(ns: int) -> date:
    return datetime.fromtimestamp(ns // 10**9, UTC).date()


def _apart(file: LakeFile, ns: int) -> int:
    return (date.fromisoformat(file.date) - _day(ns)).days


def _clock(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest // 10**6:03d}"
