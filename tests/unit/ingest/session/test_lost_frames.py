"""Lost frames are written down at once, and a storm of them in few rows that leave none out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Subscription
from daedalus.ingest.coverage import Coverage, Start
from daedalus.ingest.journal import Journal
from daedalus.ingest.session import lost_frames as lost_frames_module
from daedalus.ingest.session.lost_frames import LostFrames
from daedalus.ingest.session.served_streams import ServedStreams
from daedalus.store.raw import RawRecord

CHANNELS = EXCHANGES["coinbase"].channels
STREAMS = [Subscription("ticker", "BTC-USD"), Subscription("level2", "BTC-USD")]


class Connection:
    """A connection that serves these streams, the rows it writes, and what follows from lost frames."""

    def __init__(self, *streams: Subscription) -> None:
        self.records: list[RawRecord] = []
        self.gaps: list[tuple[Subscription, int]] = []
        self.invalid = 0
        journal = Journal("conn-0", self.records.append)
        self.coverage = Coverage(lambda *_: None)
        served = ServedStreams(self.coverage, CHANNELS, journal, streams, 0.0)
        for each in streams:
            served.ask(each, Start("start"))
        self.frames = LostFrames(CHANNELS, journal, served, self.on_gap, self.on_books_invalid)

    def on_gap(self, stream: Subscription, from_ns: int, to_ns: int) -> None:
        assert from_ns < to_ns
        self.gaps.append((stream, from_ns))

    def on_books_invalid(self) -> None:
        self.invalid += 1

    def told(self) -> Iterator[tuple[str, int, int]]:
        for record in self.records:
            if record.kind == "lost":
                about = json.loads(record.payload)
                yield record.channel, about["missing"], about["from_ns"]


async def test_the_first_is_told_at_once_and_a_storm_in_sum() -> None:
    connection = Connection(STREAMS[0])
    for number in range(10_000):
        connection.frames.lost(1, 100 + number)
    assert list(connection.told()) == [("ticker", 1, 100)]
    connection.frames.flush()
    assert list(connection.told()) == [("ticker", 1, 100), ("ticker", 9_999, 101)]
    connection.frames.flush()
    assert len(list(connection.told())) == 2


async def test_what_waits_is_told_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_frames_module, "INTERVAL_SECONDS", 0.05)
    connection = Connection(STREAMS[0])
    for number in range(3):
        connection.frames.lost(2, number)
    async with asyncio.timeout(10):
        while len(list(connection.told())) < 2:
            await asyncio.sleep(0.01)
    assert list(connection.told()) == [("ticker", 2, 0), ("ticker", 4, 1)]


async def test_every_stream_is_suspect_and_a_book_that_begins_on_the_stream_must_begin_anew() -> None:
    connection = Connection(*STREAMS)
    connection.frames.lost(3, 7)
    assert list(connection.told()) == [("ticker", 3, 7), ("level2", 3, 7)]
    assert connection.gaps == [(each, 7) for each in STREAMS]
    assert connection.invalid == 1


async def test_what_another_connection_serves_is_no_gap() -> None:
    connection = Connection(STREAMS[0])
    connection.coverage.serves(("ticker", "BTC-USD"), 1)
    connection.frames.lost(3, 7)
    assert len(list(connection.told())) == 1
    assert connection.gaps == []
    assert connection.invalid == 0
