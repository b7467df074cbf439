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
        about = {"url": url, "boot_id": host.boot_id(), "pid": os.getpid(), "version": __version__}
        self._note(at_ns, RawKind.OPEN, CONNECTION, "", about)

    def subscribed(
        self, stream: Subscription, cause: str, since_ns: int | None, *, silent: bool = False
    ) -> None:
        """The stream is asked for on this connection; ``cause``: why it was not recorded until now.

        ``since_ns``: until when everything received before is known to be kept. ``silent``: the stream fell
        silent while its channel went on, so only a message proves that it is served.
        """
        about: dict[str, object] = {"cause": cause, "since_ns": since_ns, "served": False}
        if silent:
            about["silent"] = True
        self._note(time.time_ns(), RawKind.SUBSCRIBED, stream.channel, stream.symbol, about)

    def served(self, at_ns: int, stream: Subscription, by: str) -> None:
        """The stream is proved to be served on this connection; ``by``: "answer" or "message"."""
        self._note(at_ns, RawKind.SERVED, stream.channel, stream.symbol, {"by": by})

    def fell_silent(self, stream: Subscription, heard_ns: int) -> None:
        """The stream brings nothing since ``heard_ns``, unlike its channel: it counts as asked for again."""
        about: dict[str, object] = {"cause": "silence", "heard_ns": heard_ns, "silent": True}
        self._note(time.time_ns(), RawKind.UNSUBSCRIBED, stream.channel, stream.symbol, about)
        self.subscribed(stream, "silence", heard_ns, silent=True)

    def body(self, kind: RawKind, channel: str, symbol: str, body: bytes) -> None:
        """The body of a REST answer, byte for byte: a snapshot, a backfill or a list of instruments."""
        self._append(RawRecord(time.time_ns(), self.conn, self._seq, kind.value, channel, symbol, body))
        self._seq += 1

    def lost(self, at_ns: int, stream: Subscription, missing: int, from_ns: int) -> None:
        """So many frames of the connection are missing since ``from_ns``; the stream may be one of theirs."""
        about: dict[str, object] = {"missing": missing, "from_ns": from_ns}
        self._note(at_ns, RawKind.LOST, stream.channel, stream.symbol, about)

    def no_book(self, channel: str, symbol: str, since_ns: int, reason: str) -> None:
        """There was no book of the stream from ``since_ns`` until now; ``reason``: why no snapshot came."""
        about: dict[str, object] = {"since_ns": since_ns, "reason": reason}
        self._note(time.time_ns(), RawKind.NO_BOOK, channel, symbol, about)

    def resolved(self, missing: Missing, status: str, note: str) -> None:
        """What became of a gap: filled, unfillable or still open, and by what or why."""
        about: dict[str, object] = {
            "status": status,
            "note": note,
            "first": missing.first,
            "last": missing.last,
            "from_ns": missing.from_ns,
            "to_ns": missing.to_ns,
        }
        self._note(time.time_ns(), RawKind.GAP, missing.channel, missing.symbol, about)

    def clock_stepped(self, step_ns: int) -> None:
        self._note(time.time_ns(), RawKind.CLOCK, CONNECTION, "", {"step_ns": step_ns})

    def closed(self, streams: Iterable[Subscription], cause: str, reason: str, heard_ns: int) -> None:
        """The end of the streams and of their connection, which heard its last message at ``heard_ns``."""
        at_ns = time.time_ns()
        for each in streams:
            about = {"cause": cause, "heard_ns": heard_ns}
            self._note(at_ns, RawKind.UNSUBSCRIBED, each.channel, each.symbol, about)
        self._note(at_ns, RawKind.CLOSE, CONNECTION, "", {"cause": cause, "reason": reason})

    def _note(self, at_ns: int, kind: RawKind, channel: str, symbol: str, about: dict[str, object]) -> None:
        payload = msgspec.json.encode(about)
        self._append(RawRecord(at_ns, self.conn, self._seq, kind.value, channel, symbol, payload))
        self._seq += 1
