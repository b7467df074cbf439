"""A session against a scripted exchange: a real websocket server that speaks Binance's protocol."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.binance.messages import BinanceMessages
from daedalus.exchanges.model import Data, Header, Subscription
from daedalus.ingest.counters import Counters
from daedalus.ingest.coverage import Start
from daedalus.ingest.recorder_state import RecorderState
from daedalus.ingest.session import books as books_module
from daedalus.ingest.session import session as session_module
from daedalus.ingest.session import stream_pace as pace_module
from daedalus.ingest.session.books import SessionBooks
from daedalus.ingest.session.session import Session
from daedalus.store.raw import RawRecord

pytestmark = pytest.mark.server

Handler = Callable[[ServerConnection], Awaitable[None]]
EXCHANGE = EXCHANGES["binance"]
STREAMS = [Subscription("trade", "BTCUSDT"), Subscription("depth", "BTCUSDT")]


class Mistaken(BinanceMessages):
    """Binance's messages with a classify of the test's own."""

    def __init__(self, classify: Callable[[bytes], Header]) -> None:
        super().__init__(EXCHANGE.channels)
        self.classify = classify  # type: ignore[method-assign]


class Shelf:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[RawRecord] = []
        self.waiting = 0

    def append(self, record: RawRecord) -> None:
        self.records.append(record)

    def kinds(self) -> list[tuple[str, str, str]]:
        return [(record.kind, record.channel, record.symbol) for record in self.records]


class Recorded:
    """One session's outcome."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.recorder = RecorderState(
            EXCHANGE, self.shelf, Counters(), lambda _: None, queue_maxsize=100, batch_size=10
        )
        self.asked: list[tuple[str, str]] = []
        self.books: SessionBooks

    def ask(self, books: SessionBooks, channel: str, symbol: str) -> None:
        """Take note of a book that needs a snapshot over REST."""
        self.books = books
        self.asked.append((channel, symbol))

    async def book_asked(self) -> None:
        """Wait until a book has asked for its snapshot."""
        async with asyncio.timeout(5):
            while not self.asked:
                await asyncio.sleep(0.05)


def trade(number: int) -> str:
    data = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": number, "p": "1.5", "q": "2", "T": 1, "m": True}
    return json.dumps({"stream": "btcusdt@trade", "data": data})


@asynccontextmanager
async def session(
    recorded: Recorded, handler: Handler, streams: Sequence[Subscription] = STREAMS
) -> AsyncIterator[Session]:
    async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.5) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        (plan,) = EXCHANGE.requests.plan(streams, f"ws://127.0.0.1:{port}")
        plan = msgspec.structs.replace(plan, send_interval_seconds=0.0)
        it = Session(
            plan,
            "conn-0",
            recorded.recorder,
            recorded.ask,
        )
        await it.open(Start("restart", 123))
        yield it


async def answer(connection: ServerConnection) -> None:
    request = json.loads(await connection.recv())
    await connection.send(json.dumps({"result": None, "id": request["id"]}))


async def answer_and_wait(connection: ServerConnection) -> None:
    """Confirm the subscriptions, and send nothing more."""
    await answer(connection)
    await connection.wait_closed()


async def test_everything_of_a_connection_is_numbered_without_a_gap() -> None:
    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        for number in range(3):
            await connection.send(trade(number))
        await connection.send("no json at all")
        await connection.send('{"stream":"btcusdt@kline_1m","data":{}}')

    recorded = Recorded()
    async with session(recorded, handler) as it:
        end = await it.ended()
        await it.close(end.cause, end.reason)
    assert [record.seq for record in recorded.shelf.records] == list(range(len(recorded.shelf.records)))
    assert {record.conn for record in recorded.shelf.records} == {"conn-0"}
    assert recorded.shelf.kinds() == [
        ("open", "_connection", ""),
        ("subscribed", "trade", "BTCUSDT"),
        ("subscribed", "depth", "BTCUSDT"),
        ("served", "trade", "BTCUSDT"),
        ("served", "depth", "BTCUSDT"),
        ("message", "_connection", ""),
        ("message", "trade", "BTCUSDT"),
        ("message", "trade", "BTCUSDT"),
        ("message", "trade", "BTCUSDT"),
        ("message", "_unknown", ""),
        ("message", "_unknown", ""),
        ("unsubscribed", "trade", "BTCUSDT"),
        ("unsubscribed", "depth", "BTCUSDT"),
        ("close", "_connection", ""),
    ]
    assert json.loads(recorded.shelf.records[1].payload) == {
        "cause": "restart",
        "since_ns": 123,
        "served": False,
    }
    assert json.loads(recorded.shelf.records[-1].payload) == {
        "cause": "disconnect",
        "reason": "closed with code 1000",
    }
    assert recorded.recorder.counters.oddities == {"malformed": 1, "unknown": 1}


async def test_a_mistake_in_a_exchange_file_costs_no_message_and_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        for text in ("first", trade(1), "last"):
            await connection.send(text)

    def fail(payload: bytes) -> Header:
        raise ZeroDivisionError

    recorded = Recorded()
    monkeypatch.setattr(recorded.recorder, "exchange", replace(EXCHANGE, messages=Mistaken(fail)))
    async with session(recorded, handler) as it:
        assert (await it.ended()).reason == "closed with code 1000"
    kept = [record.payload for record in recorded.shelf.records if record.kind == "message"]
    assert kept[1:] == [b"first", trade(1).encode(), b"last"]
    assert recorded.recorder.counters.oddities == {"malformed": 4}


async def test_a_symbol_that_nobody_asked_for_is_kept_as_unknown_and_followed_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorded = Recorded()

    async def floods(connection: ServerConnection) -> None:
        await answer(connection)
        for number in range(50):
            other = trade(7).replace("BTCUSDT", f"S{number}USDT").replace("btcusdt", f"s{number}usdt")
            await connection.send(other)
        await connection.send(trade(1))

    async with session(recorded, floods) as it:
        await it.ended()
    kinds = Counter(kind[1:] for kind in recorded.shelf.kinds() if kind[0] == "message")
    assert kinds["_unknown", ""] == 50
    assert kinds["trade", "BTCUSDT"] == 1
    assert [stream.symbol for stream in recorded.recorder.continuity.state()] == ["BTCUSDT"]
    assert recorded.recorder.counters.oddities["foreign"] == 50
    assert len([line for line in caplog.messages if "nobody asked for it" in line]) < 10


async def test_ids_that_jump_are_counted_at_once() -> None:
    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        for number in (1, 2, 5, 6):
            await connection.send(trade(number))

    recorded = Recorded()
    async with session(recorded, handler) as it:
        await it.ended()
    assert (recorded.recorder.counters.gaps, recorded.recorder.counters.missing) == (1, 2)


async def test_a_refusal_names_the_streams(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(connection: ServerConnection) -> None:
        request = json.loads(await connection.recv())
        await connection.send(json.dumps({"code": 2, "msg": "Invalid request", "id": request["id"]}))

    recorded = Recorded()
    async with session(recorded, handler) as it:
        await it.ended()
    assert recorded.recorder.counters.oddities == {"refused": 1}
    assert "the exchange refuses trade BTCUSDT, depth BTCUSDT: Invalid request (code 2)" in caplog.text


async def test_a_refused_stream_does_not_keep_the_others_from_delivering() -> None:
    async def handler(connection: ServerConnection) -> None:
        request = json.loads(await connection.recv())
        await connection.send(json.dumps({"code": 2, "msg": "Invalid request", "id": request["id"]}))
        await connection.send(trade(1))
        await connection.wait_closed()

    recorded = Recorded()
    async with session(recorded, handler) as it:
        async with asyncio.timeout(5):
            while not it.delivering:
                await asyncio.sleep(0.01)
        await it.close("restart", "stopped")


async def test_frames_that_come_twice_or_late_are_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(connection: ServerConnection) -> None:
        for number in (1, 2, 2, 5, 4, 6):
            await connection.send(str(number))

    def classify(payload: bytes) -> Header:
        return Data("bookTicker", "BTCUSDT", sequence=int(payload))

    recorded = Recorded()
    monkeypatch.setattr(recorded.recorder, "exchange", replace(EXCHANGE, messages=Mistaken(classify)))
    async with session(recorded, handler) as it:
        await it.ended()
    assert recorded.recorder.counters.gaps == 1


async def test_a_notice_of_shutdown_asks_for_a_replacement() -> None:
    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        await connection.send('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}')
        await connection.wait_closed()

    recorded = Recorded()
    async with session(recorded, handler) as it:
        async with asyncio.timeout(5):
            await it.replacement.wait()
        await it.close("replaced", "replaced before its end")
    assert recorded.shelf.kinds()[-1] == ("close", "_connection", "")


async def test_a_full_queue_stops_reading_and_loses_nothing() -> None:
    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        for number in range(20_000):
            await connection.send(trade(number))

    recorded = Recorded()
    async with session(recorded, handler) as it:
        recorded.shelf.waiting = 100
        await asyncio.sleep(0.3)
        assert recorded.recorder.backpressure.paused
        stood_at = len(recorded.shelf.records)
        await asyncio.sleep(0.2)
        assert len(recorded.shelf.records) == stood_at < 20_000
        recorded.shelf.waiting = 0
        recorded.recorder.backpressure.written()
        await it.ended()
    messages = [
        record for record in recorded.shelf.records if record.channel == "trade" and record.kind == "message"
    ]
    assert [json.loads(record.payload)["data"]["t"] for record in messages] == list(range(20_000))
    assert recorded.recorder.counters.gaps == 0


async def test_a_connection_that_goes_while_we_do_not_read_is_our_own_overflow() -> None:
    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        await connection.send(trade(1))
        await asyncio.sleep(0.2)
        connection.transport.abort()

    recorded = Recorded()
    async with session(recorded, handler) as it:
        while recorded.shelf.records[-1].channel != "trade" or recorded.shelf.records[-1].kind != "message":
            await asyncio.sleep(0.01)
        recorded.shelf.waiting = 100
        recorded.recorder.backpressure.appended(1)
        await asyncio.sleep(0.4)
        recorded.shelf.waiting = 0
        recorded.recorder.backpressure.written()
        end = await it.ended()
    assert end.cause == "overflow"


async def test_books_are_asked_for_after_subscribing_and_stored_as_they_came() -> None:
    recorded = Recorded()
    async with session(recorded, answer_and_wait) as it:
        await recorded.book_asked()
        assert recorded.asked == [("depth", "BTCUSDT")]
        body = b'{"lastUpdateId": 7, "bids": [], "asks": []}\n'
        recorded.books.record("depth", "BTCUSDT", 7, body)
        await it.close("restart", "stopped")
        recorded.books.record("depth", "BTCUSDT", 8, b"too late")
    (snapshot,) = [record for record in recorded.shelf.records if record.kind == "snapshot"]
    assert (snapshot.channel, snapshot.symbol, snapshot.payload) == ("depth", "BTCUSDT", body)


async def test_a_book_that_waits_long_for_its_snapshot_is_written_down_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(books_module, "NO_BOOK_NS", 0)

    recorded = Recorded()
    async with session(recorded, answer_and_wait) as it:
        await recorded.book_asked()
        assert recorded.recorder.waiting_books.get(("depth", "BTCUSDT"))
        recorded.books.failed("depth", "BTCUSDT", "the exchange answers <html>")
        recorded.books.record("depth", "BTCUSDT", 7, b"{}")
        recorded.books.failed("depth", "BTCUSDT", "of a book that is there")
        await it.close("restart", "stopped")
    notes = [record for record in recorded.shelf.records if record.kind in ("no_book", "snapshot")]
    assert [record.kind for record in notes] == ["no_book", "no_book", "snapshot"]
    first, second = (json.loads(record.payload) for record in notes[:2])
    assert first == second
    assert first["reason"] == "the exchange answers <html>"
    assert notes[1].recv_ns <= notes[2].recv_ns
    assert not recorded.recorder.waiting_books


async def test_a_book_that_had_no_snapshot_when_the_connection_ends_is_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(books_module, "NO_BOOK_NS", 0)

    recorded = Recorded()
    async with session(recorded, answer_and_wait) as it:
        await recorded.book_asked()
        await it.close("restart", "stopped")
    (note,) = [record for record in recorded.shelf.records if record.kind == "no_book"]
    assert json.loads(note.payload)["reason"] == "the request waits for its turn"
    assert not recorded.recorder.waiting_books


async def test_a_book_that_has_its_snapshot_in_a_moment_is_not_worth_a_line() -> None:
    recorded = Recorded()
    async with session(recorded, answer_and_wait) as it:
        await recorded.book_asked()
        recorded.books.failed("depth", "BTCUSDT", "cut off")
        recorded.books.record("depth", "BTCUSDT", 7, b"{}")
        await it.close("restart", "stopped")
    assert not [record for record in recorded.shelf.records if record.kind == "no_book"]


async def test_a_stream_that_falls_silent_while_its_channel_goes_on_is_told_and_asked_for_elsewhere_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(session_module, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(pace_module, "LONGER_BY", 0.5)
    monkeypatch.setattr(pace_module, "LEARNED_AFTER", 3)
    monkeypatch.setattr(pace_module, "_TRADES_SECONDS", 0.5)
    quick = {"trade": msgspec.structs.replace(EXCHANGE.channels["trade"], silence_seconds=None)}
    exchange = replace(EXCHANGE, channels={**EXCHANGE.channels, **quick})

    async def handler(connection: ServerConnection) -> None:
        await answer(connection)
        for number in range(1000):
            await connection.send(trade(number))
            if number < 50:
                await connection.send(trade(number).replace("BTC", "ETH").replace("btc", "eth"))
            await asyncio.sleep(0.01)

    recorded = Recorded()
    monkeypatch.setattr(recorded.recorder, "exchange", exchange)
    streams = [Subscription("trade", "BTCUSDT"), Subscription("trade", "ETHUSDT")]
    async with session(recorded, handler, streams) as it:
        async with asyncio.timeout(20):
            await it.replacement.wait()
        it.replacement.clear()
        await asyncio.sleep(0.3)
        assert not it.replacement.is_set()
        await it.close("restart", "stopped")
    assert list(recorded.recorder.coverage.silent) == [("trade", "ETHUSDT")]
    assert "silent while the channel goes on: trade ETHUSDT for" in caplog.text
    silent = [record for record in recorded.shelf.records if b'"silent":true' in record.payload]
    assert [(record.kind, record.symbol) for record in silent] == [
        ("unsubscribed", "ETHUSDT"),
        ("subscribed", "ETHUSDT"),
    ]
    last_ns = max(record.recv_ns for record in recorded.shelf.records if b"ethusdt@" in record.payload)
    assert abs(json.loads(silent[0].payload)["heard_ns"] - last_ns) < 2e9


async def test_a_book_that_another_connection_has_is_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books_module, "NO_BOOK_NS", 0)

    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()

    recorded = Recorded()
    recorded.recorder.coverage.serves(("depth", "BTCUSDT"), 1)
    async with session(recorded, handler) as it:
        await recorded.book_asked()
        recorded.books.failed("depth", "BTCUSDT", "cut off")
        await it.close("restart", "stopped")
    assert not [record for record in recorded.shelf.records if record.kind == "no_book"]


async def test_a_connection_asks_for_the_book_that_another_one_left_without_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session_module, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(books_module, "SNAPSHOT_DELAY_SECONDS", 60.0)

    recorded = Recorded()
    recorded.recorder.waiting_books.abandoned.add(("depth", "BTCUSDT"))
    async with session(recorded, answer_and_wait) as it:
        await recorded.book_asked()
        await it.close("restart", "stopped")
    assert recorded.asked == [("depth", "BTCUSDT")]
    assert not recorded.recorder.waiting_books.abandoned
