"""The listener: reads what one connection brings, checks it, and hands it to the journal.

It runs for each message, so it does only what must be done at once: see what the message is, follow its ids,
and write it down. What a message calls for beyond that (an answer, a snapshot, a replacement) it yields, and
the session acts on it before the message is written down.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator

from ...exchanges.continuity import IdGap
from ...exchanges.model import (
    BookCheck,
    Data,
    Header,
    Heartbeat,
    Malformed,
    Notice,
    Reply,
    Subscription,
    Unknown,
)
from ...exchanges.reading import excerpt
from ...store.raw import CONNECTION, UNKNOWN
from ...worker.rate_limited_log import RateLimitedLog
from ..journal import Journal
from ..recorder_state import RecorderState
from .book_sync import BookSync
from .events import BookNeeded, Event, FramesLost, Leaving, Replied, Send
from .liveness import Liveness
from .served_streams import ServedStreams

__all__ = ["Listener"]

log = logging.getLogger("daedalus.ingest.session")

Place = tuple[str, str]
"""The channel and the symbol under which a message is stored."""


class Listener:
    """Reads one connection. ``books`` are those that get their snapshots over REST."""

    def __init__(
        self,
        recorder: RecorderState,
        journal: Journal,
        liveness: Liveness,
        served: ServedStreams,
        books: BookSync,
        subscriptions: Iterable[Subscription],
    ) -> None:
        self._recorder = recorder
        self._counters = recorder.counters
        self._continuity = recorder.continuity
        self._exchange = recorder.exchange
        self._liveness = liveness
        self._conn = journal.conn
        # Bound once, for they are called for each message.
        self._classify = recorder.exchange.messages.reader()
        self._observe = recorder.continuity.observe
        self._write = journal.message
        self._heard = liveness.heard
        self._lag = recorder.counters.lags_ns.append
        self._served = served
        self._books = books
        channels = recorder.exchange.channels
        self._fetched = {name for name, channel in channels.items() if channel.snapshot == "rest"}
        self._followed = {name for name, channel in channels.items() if channel.consecutive} | self._fetched
        self._compared = {name for name, channel in channels.items() if channel.checksums}
        self._shared = {name for name, channel in channels.items() if not channel.per_symbol}
        self._asked = {each.symbol for each in subscriptions}
        self._checks: dict[tuple[str, str], BookCheck | None] = {}
        self._broken: set[tuple[str, str]] = set()
        self._sequence: int | None = None
        self._heard_ns = 0
        self._rate_limited = RateLimitedLog(log)

    def receive(self, times: list[int], payloads: list[bytes], now: float) -> Iterator[Event]:
        """Take messages, each with the UTC ns of its arrival; ``now``: seconds of the event loop's clock.

        Yields what a message calls for before it is written down. To be iterated to the end.
        """
        served, awaited, asked = self._served, self._served.awaited, self._asked
        classify, heard, write, lag = self._classify, self._heard, self._write, self._lag
        observe, conn = self._observe, self._conn
        followed, compared, unsynced = self._followed, self._compared, self._books.unsynced
        heard_ns = self._heard_ns
        for recv_ns, payload in zip(times, payloads, strict=True):
            try:
                header: Header = classify(payload)
            except Exception as error:
                # A mistake in an exchange's files must cost no message and no connection.
                self._rate_limited.warning("classify", "a message could not be classified: %r", error)
                header = Malformed()
            if header.sequence is not None and (lost := self._count(header.sequence)):
                yield FramesLost(lost, heard_ns or recv_ns)
            if not isinstance(header, Data):
                channel, symbol = yield from self._other(header, payload, recv_ns, now)
            elif header.symbol and header.symbol not in asked and self._is_foreign(header):
                channel, symbol = self._foreign(header)
            else:
                channel, symbol = header.channel, header.symbol
                heard(channel, symbol, now)
                if awaited:
                    served.heard(channel, symbol, recv_ns)
                if header.ids is not None and channel in followed:
                    gap = observe(header, recv_ns, conn).gap
                    if gap is not None or symbol in unsynced:
                        yield from self._follow(header, gap)
                if header.more:
                    yield from self._parts(header.more, recv_ns, now)
                if channel in compared:
                    yield from self._compare(header, payload)
                if header.exchange_ns is not None:
                    lag(recv_ns - header.exchange_ns)
            write(recv_ns, channel, symbol, payload)
            heard_ns = recv_ns
        self._heard_ns = heard_ns
        self._liveness.last_anything = now
        self._counters.received(len(payloads), sum(map(len, payloads)), heard_ns)
        self._recorder.backpressure.appended(len(payloads))

    # Market data

    def _is_foreign(self, header: Data) -> bool:
        """Whether a message is only about symbols that this connection did not ask for."""
        return header.channel not in self._shared and all(
            part.symbol not in self._asked for part in header.more
        )

    def _foreign(self, header: Data) -> Place:
        """Follow nothing of a symbol that was not asked for: there may be any number of them."""
        self._counters.odd("foreign")
        self._rate_limited.warning(
            "foreign", "%s %s: nobody asked for it, kept as it is", header.channel, header.symbol
        )
        return UNKNOWN, ""

    def _parts(self, parts: Iterable[Data], recv_ns: int, now: float) -> Iterator[Event]:
        """Other streams, or other runs of ids, that the same message brought."""
        for part in parts:
            self._heard(part.channel, part.symbol, now)
            if self._served.awaited:
                self._served.heard(part.channel, part.symbol, recv_ns)
            if part.ids is not None and part.channel in self._followed:
                yield from self._follow(part, self._observe(part, recv_ns, self._conn).gap)

    def _follow(self, header: Data, gap: IdGap | None) -> Iterator[Event]:
        """What the ids of a message call for."""
        if gap is not None and not header.is_snapshot:
            yield gap
        if header.symbol in self._books.unsynced and header.channel in self._fetched:
            assert header.ids is not None
            if self._books.delta(header.symbol, header.ids):
                yield BookNeeded(header.channel, header.symbol)

    def _compare(self, header: Data, payload: bytes) -> Iterator[BookNeeded]:
        """Compare books with the exchange's checksums, where it sends any."""
        for part in header.by_symbol():
            stream = part.channel, part.symbol
            if stream not in self._checks:
                self._checks[stream] = self._exchange.book_check(*stream)
            check = self._checks[stream]
            if check is None:
                continue
            if part.is_snapshot:
                self._broken.discard(stream)
            if check.apply(part, payload) is False and stream not in self._broken:
                self._broken.add(stream)
                self._counters.gap_found()
                self._rate_limited.warning(
                    "checksum", "%s %s: the book differs from the exchange's checksum", *stream
                )
                yield BookNeeded(*stream)

    def _count(self, sequence: int) -> int:
        """How many frames are missing before this one, where the exchange numbers them one by one."""
        before = self._sequence
        if before is not None and sequence <= before:
            return 0  # it came twice, or late
        self._sequence = sequence
        if before is None or sequence == before + 1:
            return 0
        missing = sequence - before - 1
        self._counters.gap_found()
        self._rate_limited.warning("frames", "%s: %d frames are missing", self._conn, missing)
        return missing

    # Everything else

    def _other(
        self,
        header: Heartbeat | Reply | Notice | Unknown | Malformed,
        payload: bytes,
        recv_ns: int,
        now: float,
    ) -> Generator[Event, None, Place]:
        """Deal with a message that is not market data; returns where it is stored."""
        match header:
            case Heartbeat():
                return (yield from self._heartbeat(header, recv_ns, now))
            case Reply():
                yield Replied(header, recv_ns)
                return CONNECTION, ""
            case Notice():
                yield Leaving(payload)
                return CONNECTION, ""
            case Unknown() | Malformed():
                self._counters.odd(header.kind)
                text = "%s message, kept as it is: %s"
                self._rate_limited.warning(header.kind, text, header.kind, excerpt(payload))
                return UNKNOWN, ""

    def _heartbeat(self, beat: Heartbeat, recv_ns: int, now: float) -> Generator[Event, None, Place]:
        """Follow a heartbeat of one stream, or of the connection as a whole."""
        if beat.answer is not None:
            yield Send(beat.answer)
        if not beat.channel:
            return CONNECTION, ""
        self._heard(beat.channel, beat.symbol, now)
        if self._served.awaited:
            self._served.heard(beat.channel, beat.symbol, recv_ns)
        if (last := beat.announces) is not None:
            gap = self._continuity.announced(last.channel, beat.symbol, last.last, recv_ns).gap
            if gap is not None:
                yield gap
        if beat.exchange_ns is not None:
            self._lag(recv_ns - beat.exchange_ns)
        return beat.channel, beat.symbol
