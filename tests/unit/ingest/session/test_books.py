"""The books of two connections: a book that one of them leaves void is asked for by the other."""

from __future__ import annotations

import time

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Ids, Subscription
from daedalus.ingest.counters import Counters
from daedalus.ingest.journal import Journal
from daedalus.ingest.recorder_state import RecorderState
from daedalus.ingest.session.books import SessionBooks
from daedalus.ingest.session.served_streams import ServedStreams, Start
from daedalus.store.raw import RawRecord

BINANCE = EXCHANGES["binance"]
STREAM = Subscription("depth", "A")
KEY = (STREAM.channel, STREAM.symbol)


class _Sink:
    waiting = 0

    def append(self, record: RawRecord) -> None:
        pass


class Desk:
    """What the connections of one exchange share, and by which of them snapshots are asked for."""

    def __init__(self) -> None:
        self.recorder = RecorderState(
            BINANCE, _Sink(), Counters(), lambda _: None, queue_maxsize=100, batch_size=10
        )
        self.waiting = self.recorder.waiting_books
        self.asked: list[str] = []
        self.resubscribed: list[str] = []

    def connection(self, conn: str) -> Connection:
        return Connection(self, conn)


class Connection:
    """A connection that serves the book's stream."""

    def __init__(self, desk: Desk, conn: str) -> None:
        self._recorder = desk.recorder
        journal = Journal(conn, desk.recorder.append)
        self._served = ServedStreams(desk.recorder.coverage, BINANCE.channels, journal, [STREAM], 0.0)
        self._served.ask(STREAM, Start("start"))
        self._served.answered([STREAM], 1)
        self.books = SessionBooks(
            BINANCE.channels,
            journal,
            self._served,
            desk.waiting,
            lambda books, channel, symbol: desk.asked.append(books.conn),
            lambda stream: None,
        )

    def delta(self, first: int, last: int) -> None:
        gap = self._recorder.continuity.observe(Data(*KEY, Ids(first, last)), first).gap
        if gap is not None:
            alone = self._recorder.coverage.connections(KEY) <= 1
            self._recorder.gaps.seen(gap, self.books.invalid, alone=alone)

    def end(self) -> None:
        self.books.end()
        self._served.end("disconnect", "closed", 2)


async def test_a_gap_that_counts_after_its_connection_ended_is_a_snapshot_for_the_one_that_serves() -> None:
    desk = Desk()
    first, second = desk.connection("run-0"), desk.connection("run-1")
    first.delta(1, 5)
    first.delta(9, 10)
    first.end()
    desk.recorder.gaps.decide(time.monotonic() + 60)
    second.books.adopt()
    assert desk.asked == ["run-1"]
    assert desk.waiting.get(KEY) is not None
    second.books.adopt()
    assert desk.asked == ["run-1"]
    assert second.books.record(*KEY, 12, b"{}")
    assert not desk.waiting


async def test_a_snapshot_that_was_on_its_way_when_its_connection_ended_is_asked_for_by_the_other() -> None:
    desk = Desk()
    first, second = desk.connection("run-0"), desk.connection("run-1")
    first.books.invalid(*KEY)
    waits_since = desk.waiting.get(KEY)
    first.end()
    assert first.books.record(*KEY, 12, b"{}")
    second.books.adopt()
    assert desk.asked == ["run-0", "run-1"]
    assert desk.waiting.get(KEY) == waits_since


async def test_where_no_connection_serves_any_more_nothing_waits() -> None:
    desk = Desk()
    first, second = desk.connection("run-0"), desk.connection("run-1")
    first.delta(1, 5)
    first.delta(9, 10)
    first.end()
    second.end()
    desk.recorder.gaps.decide(time.monotonic() + 60)
    assert not desk.waiting
    desk.connection("run-2").books.adopt()
    assert desk.asked == []


async def test_a_book_that_is_abandoned_and_whose_stream_goes_down_is_adopted_by_nobody() -> None:
    desk = Desk()
    first, second = desk.connection("run-0"), desk.connection("run-1")
    first.books.invalid(*KEY)
    first.end()
    second.end()
    assert not desk.waiting
    desk.connection("run-2").books.adopt()
    assert desk.asked == ["run-0"]
