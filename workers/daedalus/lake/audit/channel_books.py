"""Replays all books of one channel, file after file, against the ledger and the recorder's digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute

from ...storage.errors import TargetError
from ...tables.gaps import Gap
from ..books.messages import Digest, Messages, digests_of
from ..books.replay import BookReplay, ReplayResult
from ..days import next_day
from ..reader import Lake, LakeFile
from ..row_evidence import by_symbol
from ..table_file import DamagedFileError
from .file_checks import FileChecks

pc: Any = pyarrow.compute

__all__ = ["ChannelBooks"]

_Files = Mapping[str, Sequence[LakeFile]]


class ChannelBooks:
    """The books of one channel. ``updates`` and ``digests``: its files by date. ``symbol``: None for all."""

    def __init__(
        self,
        exchange: str,
        channel: str,
        lake: Lake,
        checks: FileChecks,
        *,
        updates: _Files,
        digests: _Files,
        symbol: str | None,
    ) -> None:
        self._exchange, self._channel = exchange, channel
        self._lake, self._checks = lake, checks
        self._updates, self._digests, self._symbol = updates, digests, symbol
        self._replays: dict[str, BookReplay] = {}
        self._messages: dict[str, Messages] = {}
        self._digests_read: set[str] = set()
        self._snapshots_of: dict[str, dict[str, bool]] = {}

    def has_snapshots(self, day: str, before: str) -> bool:
        """Whether each book of a day has a snapshot on a day from ``before`` on."""
        there = {
            symbol
            for dated in self._updates
            if before <= dated < day
            for symbol, snapshot in self._snapshots(dated).items()
            if snapshot
        }
        return {symbol for symbol in self._snapshots(day) if self._symbol in (None, symbol)} <= there

    def expect_gaps(self, gaps: Iterable[Gap]) -> None:
        """Tell the replays what the ledger says is missing."""
        for gap in gaps:
            self._replay(gap.symbol).expect_gaps([gap])

    def expect_digests(self, day: str) -> None:
        """Tell the replays the digests of a day and of the next, whose first one may speak of this day."""
        for each in sorted(self._digests):
            if each in self._digests_read or not day <= each <= next_day(day):
                continue
            self._digests_read.add(each)
            digests: dict[str, list[Digest]] = {}
            for file in self._digests[each]:
                for batch in self._checks.batches(file):
                    for symbol, part in by_symbol(batch):
                        if self._symbol in (None, symbol):
                            digests.setdefault(symbol, []).extend(digests_of(part))
            for symbol, of_symbol in digests.items():
                self._replay(symbol).expect_digests(sorted(of_symbol, key=lambda digest: digest.minute_ns))

    def begin_file(self) -> None:
        """The next rows are the first of a file."""
        self._messages = {}
        for replay in self._replays.values():
            replay.begin_file()

    def feed(self, symbol: str, part: pa.RecordBatch) -> None:
        """Replay rows of one symbol."""
        for message in self._messages.setdefault(symbol, Messages(symbol)).feed(part):
            self._replay(symbol).feed(message)

    def end_file(self, *, intact: bool) -> None:
        """The file is over; ``intact``: it has every row that was written."""
        for symbol, waiting in self._messages.items():
            for message in waiting.end():
                self._replay(symbol).feed(message)
        for replay in self._replays.values():
            replay.end_file(whole=intact)

    def take(self, until_ns: int, *, last: bool) -> dict[str, ReplayResult]:
        """What was found by symbol since the last time; ``last``: nothing comes after ``until_ns``."""
        found = {}
        for symbol, replay in self._replays.items():
            if last:
                replay.end(until_ns)
            found[symbol] = replay.take(over=last)
        return found

    def _replay(self, symbol: str) -> BookReplay:
        if symbol not in self._replays:
            self._replays[symbol] = BookReplay.of_channel(self._exchange, self._channel, symbol)
        return self._replays[symbol]

    def _snapshots(self, day: str) -> dict[str, bool]:
        """The symbols of a day, and whether it has a snapshot of them."""
        if day not in self._snapshots_of:
            found = self._snapshots_of[day] = {}
            for file in self._updates.get(day, ()):
                # What is wrong with a file becomes a finding when it is read whole.
                with suppress(DamagedFileError, TargetError):
                    for batch in self._lake.batches(file, ["symbol", "is_snapshot"]):
                        for symbol, part in by_symbol(batch):
                            snapshot = bool(pc.any(part.column("is_snapshot")).as_py())
                            found[symbol] = snapshot or found.get(symbol, False)
        return self._snapshots_of[day]
