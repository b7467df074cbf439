"""The journal: the raw rows of one connection, numbered from 0 without a gap.

Messages of the exchange and notes about the connection share one sequence, so that the raw files alone show
whether anything is missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

import msgspec

from .. import __version__, host
from ..exchanges.model import Missing, Subscription
from ..store.notes import (
    Cause,
    ClockNote,
    CloseNote,
    LostNote,
    NoBookNote,
    Note,
    OpenNote,
    Resolution,
    ServedNote,
    SubscribedNote,
    UnsubscribedNote,
)
from ..store.raw import CONNECTION, RawKind, RawRecord

__all__ = ["Journal"]

_MESSAGE = RawKind.MESSAGE.value


class Journal:
    """Gives the rows of the connection ``conn`` to ``append``. Times are UTC ns."""

    def __init__(self, conn: str, append: Callable[[RawRecord], None]) -> None:
        self.conn = conn
        self._append = append
        self._seq = 0

    @property
    def begun(self) -> bool:
        """Whether there is a row: a connection that never opened leaves none."""
        return self._seq > 0

    def message(self, recv_ns: int, channel: str, symbol: str, payload: bytes) -> None:
        """A message, byte for byte."""
        self._append(RawRecord(recv_ns, self.conn, self._seq, _MESSAGE, channel, symbol, payload))
        self._seq += 1

    def opened(self, at_ns: int, url: str) -> None:
        self._note(at_ns, CONNECTION, "", OpenNote(url, host.boot_id(), os.getpid(), __version__))

    def subscribed(self, stream: Subscription, cause: Cause, since_ns: int | None) -> None:
        """The stream is asked for on this connection; ``cause``: why it was not recorded until now.

        ``since_ns``: until when everything received before is known to be kept.
        """
        note = SubscribedNote(cause, since_ns, served=False)
        self._note(time.time_ns(), stream.channel, stream.symbol, note)

    def served(self, at_ns: int, stream: Subscription, by: str) -> None:
        """The stream is proved to be served on this connection; ``by``: "answer" or "message"."""
        self._note(at_ns, stream.channel, stream.symbol, ServedNote(by))

    def fell_silent(self, stream: Subscription, heard_ns: int) -> None:
        """The stream brings nothing since ``heard_ns``, unlike its channel: it counts as asked for again.

        Only a message proves then that it is served.
        """
        cause: Cause = "silence"
        for note in (
            UnsubscribedNote(cause, heard_ns, silent=True),
            SubscribedNote(cause, heard_ns, served=False, silent=True),
        ):
            self._note(time.time_ns(), stream.channel, stream.symbol, note)

    def body(self, kind: RawKind, channel: str, symbol: str, body: bytes) -> None:
        """The body of a REST answer, byte for byte: a snapshot, a backfill or a list of instruments."""
        self._append(RawRecord(time.time_ns(), self.conn, self._seq, kind.value, channel, symbol, body))
        self._seq += 1

    def lost(self, at_ns: int, stream: Subscription, missing: int, from_ns: int) -> None:
        """So many frames of the connection are missing since ``from_ns``; the stream may be one of theirs."""
        self._note(at_ns, stream.channel, stream.symbol, LostNote(missing, from_ns))

    def no_book(self, channel: str, symbol: str, since_ns: int, reason: str) -> None:
        """There was no book of the stream from ``since_ns`` until now; ``reason``: why no snapshot came."""
        self._note(time.time_ns(), channel, symbol, NoBookNote(since_ns, reason))

    def resolved(self, missing: Missing, status: str, note: str) -> None:
        """What became of a gap: filled, unfillable or still open, and by what or why."""
        resolution = Resolution(status, note, missing.first, missing.last, missing.from_ns, missing.to_ns)
        self._note(time.time_ns(), missing.channel, missing.symbol, resolution)

    def clock_stepped(self, step_ns: int) -> None:
        self._note(time.time_ns(), CONNECTION, "", ClockNote(step_ns))

    def closed(self, streams: Iterable[Subscription], cause: Cause, reason: str, heard_ns: int) -> None:
        """The end of the streams and of their connection, which heard its last message at ``heard_ns``."""
        at_ns = time.time_ns()
        for each in streams:
            self._note(at_ns, each.channel, each.symbol, UnsubscribedNote(cause, heard_ns))
        self._note(at_ns, CONNECTION, "", CloseNote(cause, reason))

    def _note(self, at_ns: int, channel: str, symbol: str, note: Note) -> None:
        payload = msgspec.json.encode(note)
        self._append(RawRecord(at_ns, self.conn, self._seq, note.kind.value, channel, symbol, payload))
        self._seq += 1
