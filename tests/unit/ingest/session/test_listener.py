"""What a listener yields of the messages that come, and that it does so before each is written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.binance.messages import BinanceMessages
from daedalus.exchanges.continuity import IdGap
from daedalus.exchanges.model import (
    Announcement,
    Data,
    Exchange,
    Header,
    Heartbeat,
    Notice,
    Reply,
    Subscription,
)
from daedalus.ingest.counters import Counters
from daedalus.ingest.coverage import Start
from daedalus.ingest.journal import Journal
from daedalus.ingest.recorder_state import RecorderState
from daedalus.ingest.session.book_sync import BookSync
from daedalus.ingest.session.events import BookNeeded, Event, FramesLost, Leaving, Replied, Send
from daedalus.ingest.session.listener import Listener
from daedalus.ingest.session.liveness import Liveness
from daedalus.ingest.session.served_streams import ServedStreams
from daedalus.store.raw import RawRecord

EXCHANGE = EXCHANGES["binance"]
STREAMS = [Subscription("trade", "BTCUSDT"), Subscription("depth", "BTCUSDT")]


class Scripted(BinanceMessages):
    """Binance's messages, of which the test says what each is."""

    def __init__(self, classify: Callable[[bytes], Header]) -> None:
        super().__init__(EXCHANGE.channels)
        self.classify = classify  # type: ignore[method-assign]


class Listening:
    """A listener of Binance, and how many rows were written at each of its events."""

    def __init__(self, exchange: Exchange) -> None:
        self.records: list[RawRecord] = []
        self.waiting = 0
        recorder = RecorderState(
            exchange, self, Counters(), lambda _: None, queue_maxsize=100, batch_size=100
        )
        journal = Journal("conn-0", self.append)
        self.counters = recorder.counters
        self.books = BookSync()
        served = ServedStreams(recorder.coverage, exchange.channels, journal, STREAMS, 0.0)
        for each in STREAMS:
            served.ask(each, Start("start"))
        liveness = Liveness(exchange.channels, STREAMS, 0.0)
        self.listener = Listener(recorder, journal, liveness, served, self.books, STREAMS)

    def append(self, record: RawRecord) -> None:
        self.records.append(record)

    def hears(self, *payloads: bytes) -> list[tuple[Event, int]]:
        """What is yielded of these messages, each with how many of them were written down by then."""
        times = [100 + place for place in range(len(payloads))]
        return [
            (event, sum(record.kind == "message" for record in self.records))
            for event in self.listener.receive(times, list(payloads), 1.0)
        ]


def trade(number: int) -> bytes:
    data = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": number, "p": "1.5", "q": "2", "T": 1, "m": True}
    return json.dumps({"stream": "btcusdt@trade", "data": data}).encode()


def scripted(*headers: Header) -> list[tuple[Event, int]]:
    left = list(headers)
    return Listening(replace(EXCHANGE, messages=Scripted(lambda _: left.pop(0)))).hears(
        *[b"{}"] * len(headers)
    )


def test_messages_in_order_call_for_nothing() -> None:
    it = Listening(EXCHANGE)
    assert it.hears(trade(1), trade(2), trade(3)) == []
    assert (it.counters.messages, it.counters.last_message_ns) == (3, 102)


def test_a_gap_is_yielded_before_the_message_behind_it_is_written_down() -> None:
    gap = IdGap("trade", "BTCUSDT", 2, 5, 2, 101, 102)
    assert Listening(EXCHANGE).hears(trade(1), trade(2), trade(5), trade(6)) == [(gap, 2)]


def test_a_book_whose_snapshot_is_older_than_its_first_delta_needs_another() -> None:
    it = Listening(EXCHANGE)
    it.books.begin("BTCUSDT")
    it.books.snapshot("BTCUSDT", 3)
    delta = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 9, "u": 10, "b": [], "a": []}
    payload = json.dumps({"stream": "btcusdt@depth@100ms", "data": delta}).encode()
    assert it.hears(payload) == [(BookNeeded("depth", "BTCUSDT"), 0)]


def test_replies_notices_and_what_the_exchange_wants_to_hear_are_yielded_in_their_order() -> None:
    reply = Reply(request_id=1)
    assert scripted(reply, Heartbeat(answer="pong"), Notice()) == [
        (Replied(reply, 100), 0),
        (Send("pong"), 1),
        (Leaving(b"{}"), 2),
    ]


def test_a_heartbeat_that_names_an_id_which_never_came_shows_a_gap() -> None:
    beat = Heartbeat(channel="depth", symbol="BTCUSDT", announces=Announcement("trade", 7))
    ((event, _),) = scripted(
        Data("trade", "BTCUSDT", EXCHANGES["binance"].messages.classify(trade(5)).ids), beat, beat
    )
    assert isinstance(event, IdGap)
    assert (event.channel, event.missing) == ("trade", 2)


def test_lost_frames_are_counted_from_the_message_before() -> None:
    frames = [Data("bookTicker", "BTCUSDT", sequence=number) for number in (1, 2, 2, 5, 4, 6)]
    assert scripted(*frames) == [(FramesLost(2, 102), 3)]
