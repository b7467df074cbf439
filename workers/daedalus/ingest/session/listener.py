"""The listener: what one connection brings, read, checked and handed to its journal.

It runs at every message, so it does only what must be done at once: see what the message is, follow its
ids, and write it down. Whatever follows from it (an answer, a snapshot, the end) is the session's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from ...exchanges.continuity import IdGap
from ...exchanges.model import (
    BookCheck,
    Data,
    Header,
    Heartbeat,
    Ids,
    Malformed,
    Notice,
    Reply,
    Subscription,
    Unknown,
)
from ...store.raw import CONNECTION, UNKNOWN
from ...worker.rate_limited_log import RateLimitedLog
from ..journal import Journal
from ..recorder_state import RecorderState
from .book_sync import BookSync
from .liveness import Liveness
from .served_streams import ServedStreams

__all__ = ["Listener", "SessionEvents", "excerpt"]

log = logging.getLogger("daedalus.ingest.session.session")


class SessionEvents(Protocol):
    """What a session is told of what its listener hears; called in the event loop's thread."""

    def replied(self, reply: Reply, at_ns: int) -> None:
        """The exchange has answered a request."""

    def warned(self, payload: bytes) -> None:
        """The exchange asks for a new connection."""

    def wants(self, text: str) -> None:
        """The exchange wants to hear this at once."""

    def book_needed(self, channel: str, symbol: str) -> None:
        """A book needs a snapshot: what was known of it is void, or was too old."""

    def frames_lost(self, missing: int, from_ns: int) -> None:
        """Frames of the connection are missing, since ``from_ns`` (UTC ns)."""


class Listener:
    """Reads one connection. ``books``: those that wait for a snapshot over REST."""

    def __init__(
        self,
        recorder: RecorderState,
        journal: Journal,
        liveness: Liveness,
        service: ServedStreams,
        books: BookSync,
        events: SessionEvents,
        asked: Iterable[Subscription],
    ) -> None:
        self._recorder = recorder
        self._exchange = recorder.exchange
        self._classify = recorder.exchange.reader()
        self._journal = journal
        self._liveness = liveness
        self._service = service
        self._books = books
        self._events = events
        channels = recorder.exchange.channels
        self._fetched = {name for name, channel in channels.items() if channel.snapshot == "rest"}
        self._checked = {name for name, channel in channels.items() if channel.consecutive} | self._fetched
        self._checksummed = {name for name, channel in channels.items() if channel.checksums}
        self._asked = {each.symbol for each in asked}
        self._shared = {name for name, channel in channels.items() if not channel.per_symbol}
        self._sums: dict[tuple[str, str], BookCheck | None] = {}
        self._broken: set[tuple[str, str]] = set()
        self._sequence: int | None = None
        self._heard_ns = 0
        self._rate_limited = RateLimitedLog(log)

    def receive(self, times: list[int], payloads: list[bytes], now: float) -> None:
        """Take messages, each with the UTC ns of its arrival; ``now``: seconds of the event loop's clock."""
        counters = self._recorder.counters
        write, heard, lags = self._journal.message, self._liveness.heard, counters.lags_ns
        classify, checked, checksummed = self._classify, self._checked, self._checksummed
        service, awaited, asked = self._service, self._service.awaited, self._asked
        size = 0
        for recv_ns, payload in zip(times, payloads, strict=True):
            try:
                header: Header = classify(payload)
            except Exception as error:
                # An exchange file's mistake must cost no message and no connection.
                self._rate_limited.warning("classify", "a message could not be classified: %r", error)
                header = Malformed()
            if header.sequence is not None:
                self._count(header.sequence, recv_ns)
            if not isinstance(header, Data):
                channel, symbol = self._other(header, payload, recv_ns, now)
            elif header.symbol and header.symbol not in asked and self._is_foreign(header):
                channel, symbol = self._foreign(header), ""
            else:
                channel, symbol = header.channel, header.symbol
                heard(channel, symbol, now)
                if awaited:
                    service.heard(channel, symbol, recv_ns)
                if header.ids is not None and channel in checked:
                    self._check(header, header.ids, recv_ns)
                if header.more:
                    self._also(header.more, recv_ns, now)
                if channel in checksummed:
                    for part in header.by_symbol():
                        self._compare(part, payload)
                if header.exchange_ns is not None:
                    lags.append(recv_ns - header.exchange_ns)
            write(recv_ns, channel, symbol, payload)
            size += len(payload)
            self._heard_ns = recv_ns
        self._liveness.last_anything = now
        counters.bytes += size
        counters.messages += len(payloads)
        counters.last_message_ns = times[-1]
        self._recorder.received(len(payloads))

    def _is_foreign(self, header: Data) -> bool:
        """Whether a message tells of symbols alone that this connection never asked for."""
        return header.channel not in self._shared and all(
            part.symbol not in self._asked for part in header.more
        )

    def _foreign(self, header: Data) -> str:
        """Nothing is followed of a symbol that nobody asked for: there may be any number of them."""
        self._recorder.counters.oddities["foreign"] += 1
        self._rate_limited.warning(
            "foreign", "%s %s: nobody asked for it, kept as it is", header.channel, header.symbol
        )
        return UNKNOWN

    def _also(self, parts: Iterable[Data], recv_ns: int, now: float) -> None:
        """Other streams, or other runs of ids, that the same message brought."""
        for part in parts:
            self._liveness.heard(part.channel, part.symbol, now)
            if self._service.awaited:
                self._service.heard(part.channel, part.symbol, recv_ns)
            if part.ids is not None and part.channel in self._checked:
                self._check(part, part.ids, recv_ns)

    def _check(self, header: Data, ids: Ids, recv_ns: int) -> None:
        gap = self._recorder.continuity.observe(header, recv_ns, self._journal.conn).gap
        channel, symbol = header.channel, header.symbol
        if gap is not None and not header.is_snapshot:
            self._gap(gap)
        if symbol in self._books.unsynced and channel in self._fetched and self._books.delta(symbol, ids):
            self._events.book_needed(channel, symbol)

    def _gap(self, gap: IdGap) -> None:
        alone = self._recorder.serving[gap.channel, gap.symbol] <= 1
        self._recorder.gaps.seen(gap, self._void, alone=alone)

    def _void(self, channel: str, symbol: str) -> None:
        if channel in self._fetched:
            self._books.begin(symbol)
            self._recorder.void(channel, symbol)
        self._events.book_needed(channel, symbol)

    def _compare(self, header: Data, payload: bytes) -> None:
        """Hold the book against the exchange's checksum, where it sends one."""
        stream = header.channel, header.symbol
        if stream not in self._sums:
            self._sums[stream] = self._exchange.book_check(*stream)
        check = self._sums[stream]
        if check is None:
            return
        if header.is_snapshot:
            self._broken.discard(stream)
        if check.apply(header, payload) is False and stream not in self._broken:
            self._broken.add(stream)
            self._recorder.counters.gaps += 1
            self._rate_limited.warning(
                "checksum", "%s %s: the book differs from the exchange's checksum", *stream
            )
            self._events.book_needed(*stream)

    def _count(self, sequence: int, recv_ns: int) -> None:
        """Frames are numbered one by one: a gap makes every stream of the connection suspect."""
        before = self._sequence
        if before is not None and sequence <= before:
            return  # it came twice, or late: nothing more is missing
        self._sequence = sequence
        if before is None or sequence == before + 1:
            return
        missing = sequence - before - 1
        self._rate_limited.warning("frames", "%s: %d frames are missing", self._journal.conn, missing)
        self._recorder.counters.gaps += 1
        self._events.frames_lost(missing, self._heard_ns or recv_ns)

    def _other(
        self,
        header: Heartbeat | Reply | Notice | Unknown | Malformed,
        payload: bytes,
        recv_ns: int,
        now: float,
    ) -> tuple[str, str]:
        """Deal with what is not market data; the channel and the symbol it is stored under."""
        if isinstance(header, Heartbeat):
            return self._beat(header, recv_ns, now)
        if isinstance(header, Reply):
            self._events.replied(header, recv_ns)
            return CONNECTION, ""
        if isinstance(header, Notice):
            self._events.warned(payload)
            return CONNECTION, ""
        kind = header.kind
        self._recorder.counters.oddities[kind] += 1
        self._rate_limited.warning(kind, "%s message, kept as it is: %s", kind, excerpt(payload))
        return UNKNOWN, ""

    def _beat(self, beat: Heartbeat, recv_ns: int, now: float) -> tuple[str, str]:
        """A heartbeat, of one stream or of the connection."""
        if beat.answer is not None:
            self._events.wants(beat.answer)
        if not beat.channel:
            return CONNECTION, ""
        self._liveness.heard(beat.channel, beat.symbol, now)
        if self._service.awaited:
            self._service.heard(beat.channel, beat.symbol, recv_ns)
        if (last := beat.announces) is not None:
            seen = self._recorder.continuity.announced(last.channel, beat.symbol, last.last, recv_ns)
            if seen.gap is not None:
                self._gap(seen.gap)
        if beat.exchange_ns is not None:
            self._recorder.counters.lags_ns.append(recv_ns - beat.exchange_ns)
        return beat.channel, beat.symbol


def excerpt(payload: bytes) -> str:
    """The beginning of a message, for people."""
    text = payload[:200].decode("utf-8", "replace")
    return text if len(payload) <= 200 else f"{text}… ({len(payload):,} bytes)"
