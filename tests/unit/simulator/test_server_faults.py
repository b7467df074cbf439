"""Faults over a real socket, on two exchanges that have little in common: what arrives is what was meant to.

Binance numbers its trades, has raw and combined streams and gives notice before it goes down. Coinbase
Exchange asks for subscriptions, answers them, greets with a last match, and just goes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from daedalus.simulator import Faults, Sent, Simulator, SimulatorOptions, running
from daedalus.simulator.exchanges.binance.exchange import Binance
from daedalus.simulator.protocol import HttpAnswer, HttpRequest

pytestmark = [pytest.mark.integration, pytest.mark.server]


class Case(Struct, frozen=True):
    """An exchange, and how to subscribe to one product's trades."""

    exchange: str
    stream: str
    path: str = ""
    subscribe: str | None = None
    answers: int = 0
    rest: str = ""

    def trade_id(self, payload: str | bytes) -> int:
        message = json.loads(payload)
        return int(message["trade_id"] if "trade_id" in message else message["data"]["t"])


BINANCE = Case("binance", "btcusdt@trade", path="/stream?streams=btcusdt@trade", rest="/api/v3/time")
COINBASE = Case(
    "coinbase_exchange",
    "matches:BTC-USD",
    subscribe='{"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches"]}',
    answers=1,
    rest="/time",
)
both = pytest.mark.parametrize("case", [BINANCE, COINBASE], ids=lambda case: case.exchange)


@asynccontextmanager
async def simulated(case: Case, faults: Faults, *, rate: float = 500.0) -> AsyncIterator[Simulator]:
    options = SimulatorOptions(exchange=case.exchange, rate=rate, keep_sent=True, faults=faults)
    async with running(options) as simulator:
        yield simulator


@asynccontextmanager
async def listening(simulator: Simulator, case: Case) -> AsyncIterator[ClientConnection]:
    async with connect(simulator.websocket_url + case.path, max_queue=None) as websocket:
        if case.subscribe:
            await websocket.send(case.subscribe)
        for _ in range(case.answers):
            await asyncio.wait_for(websocket.recv(), 10)
        yield websocket


async def receive(websocket: ClientConnection, count: int) -> list[str | bytes]:
    return [await asyncio.wait_for(websocket.recv(), 10) for _ in range(count)]


async def until_closed(websocket: ClientConnection) -> tuple[list[str | bytes], ConnectionClosed]:
    messages: list[str | bytes] = []
    try:
        while True:
            messages.append(await asyncio.wait_for(websocket.recv(), 10))
    except ConnectionClosed as closed:
        return messages, closed


def ids(case: Case, messages: list[str | bytes]) -> list[int]:
    return [case.trade_id(message) for message in messages]


def lost_ids(case: Case, lost: list[Sent], connection: int = 0) -> set[int]:
    return {case.trade_id(each.payload) for each in lost if each.connection == connection}


def missing(numbers: list[int]) -> set[int]:
    return set(range(min(numbers), max(numbers) + 1)) - set(numbers)


@both
async def test_what_a_connection_lacks_is_what_the_exchange_says_it_lost(case: Case) -> None:
    async with simulated(case, Faults(lose_every=7)) as simulator, listening(simulator, case) as websocket:
        got = ids(case, await receive(websocket, 60))
        assert len(missing(got)) == 9
        assert missing(got) == {number for number in lost_ids(case, simulator.lost) if number < got[-1]}
        assert {each.stream for each in simulator.lost} == {case.stream}


@both
async def test_connections_lose_different_messages_so_that_two_have_them_all(case: Case) -> None:
    # Each connection counts for itself: if the other opened 41 messages later, both would lose the same.
    async with simulated(case, Faults(lose_every=40)) as simulator, listening(simulator, case) as one:
        begun = ids(case, await receive(one, 9))
        async with listening(simulator, case) as other:
            first = begun + ids(case, await receive(one, 60))
            second = ids(case, await receive(other, 50))
    assert missing(first)
    assert missing(second)
    shared = range(second[0] + 1, min(first[-1], second[-1]))
    assert not set(shared) - set(first) - set(second)


@both
async def test_what_is_lost_for_all_comes_on_no_connection(case: Case) -> None:
    async with (
        simulated(case, Faults(lose_for_all_every=6)) as simulator,
        listening(simulator, case) as one,
        listening(simulator, case) as other,
    ):
        first, second = ids(case, await receive(one, 50)), ids(case, await receive(other, 50))
        assert len(missing(first)) >= 8
        begin, end = second[1], min(first[-1], second[-1])
        within = [{number for number in missing(each) if begin < number < end} for each in (first, second)]
        assert within[0] == within[1] != set()
        for connection, got in ((0, first), (1, second)):
            lost = lost_ids(case, simulator.lost, connection)
            assert missing(got) == {number for number in lost if number < got[-1]}


@both
async def test_a_message_sent_twice_is_the_same_to_the_byte(case: Case) -> None:
    async with (
        simulated(case, Faults(duplicate_every=5)) as simulator,
        listening(simulator, case) as websocket,
    ):
        messages = await receive(websocket, 24)
        assert [messages.count(each) for each in messages] == [1, 1, 1, 1, 2, 2] * 4
        assert not missing(ids(case, messages))
        assert simulator.lost == []
        assert [each.payload for each in simulator.sent if each.stream][:24] == messages


@both
async def test_neighbours_that_are_swapped_both_arrive(case: Case) -> None:
    async with simulated(case, Faults(swap_every=5)) as simulator, listening(simulator, case) as websocket:
        got = ids(case, await receive(websocket, 24))
        assert not missing(got)
        order = sorted(got)
        assert got == [each for at in range(0, 24, 6) for each in swapped(order, at, got)]
        assert simulator.lost == []


def swapped(order: list[int], at: int, got: list[int]) -> list[int]:
    """Six of the ids as they must come: each fifth message of the connection behind the sixth."""
    six = order[at : at + 6]
    number = [at + place + 1 for place in range(6)]
    for place in range(5):
        if number[place] % 5 == 0:
            six[place], six[place + 1] = six[place + 1], six[place]
    return six


@both
async def test_garbage_and_cut_off_messages_come_in_addition(case: Case) -> None:
    faults = Faults(garble_every=4, truncate_every=6)
    async with simulated(case, faults) as simulator, listening(simulator, case) as websocket:
        sound, damaged = [], 0
        for message in await receive(websocket, 34):
            try:
                sound.append(case.trade_id(message))
            except ValueError:
                damaged += 1
        assert damaged == 10  # 6 behind each fourth and 4 behind each sixth of 24
        assert not missing(sound)
        assert simulator.lost == []


@both
async def test_a_muted_stream_is_acknowledged_and_never_delivers(case: Case) -> None:
    async with simulated(case, Faults(mute=(case.stream,))) as simulator:
        async with listening(simulator, case) as websocket:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(websocket.recv(), 0.4)
            await (await websocket.ping())
        assert {each.stream for each in simulator.lost} == {case.stream}
        assert not [each for each in simulator.sent if each.stream]


@both
async def test_another_stream_than_the_muted_one_goes_on(case: Case) -> None:
    async with (
        simulated(case, Faults(mute=("*eth*", "*ETH*"))) as simulator,
        listening(simulator, case) as websocket,
    ):
        assert not missing(ids(case, await receive(websocket, 20)))


@both
async def test_a_slow_exchange_says_everything_late_and_in_order(case: Case) -> None:
    async with simulated(case, Faults(delay_seconds=0.3)) as simulator:
        begun = time.monotonic()
        async with listening(simulator, case) as websocket:
            got = ids(case, await receive(websocket, 100))
        assert time.monotonic() - begun > 0.3
        assert got == list(range(got[0], got[0] + 100))
        begun = time.monotonic()
        async with aiohttp.ClientSession(simulator.rest_url) as http, http.get(case.rest) as answer:
            assert answer.status == 200
        assert time.monotonic() - begun > 0.3


@both
async def test_a_dropped_connection_of_a_slow_exchange_still_gets_its_last_message(case: Case) -> None:
    async with (
        simulated(case, Faults(delay_seconds=0.1, drop_after=9)) as simulator,
        listening(simulator, case) as websocket,
    ):
        messages, closed = await until_closed(websocket)
        assert len(messages) == 9
        assert closed.rcvd is None


@both
async def test_a_stalled_connection_lacks_all_that_came_later(case: Case) -> None:
    async with simulated(case, Faults(stall_after=6)) as simulator, listening(simulator, case) as websocket:
        got = ids(case, await receive(websocket, 6))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(websocket.recv(), 0.4)
        await (await websocket.ping())
        lost = lost_ids(case, simulator.lost)
        assert sorted(lost) == list(range(got[-1] + 1, got[-1] + 1 + len(lost)))
        assert lost


@both
async def test_skipped_trades_are_on_no_connection_and_their_ids_say_which(case: Case) -> None:
    async with simulated(case, Faults(skip_every=4)) as simulator, listening(simulator, case) as websocket:
        _, *got = ids(case, await receive(websocket, 30))  # a greeting is not of the stream
        assert missing(got) == {number for number in range(got[0], got[-1]) if number % 4 == 0}
        assert simulator.lost == []


@both
async def test_a_connection_lives_as_long_as_the_exchange_lets_it(case: Case) -> None:
    async with simulated(case, Faults(lifetime_seconds=0.4)) as simulator:
        begun = time.monotonic()
        async with listening(simulator, case) as websocket:
            messages, closed = await until_closed(websocket)
        assert 0.3 < time.monotonic() - begun < 3
        assert closed.rcvd is not None
        assert closed.rcvd.code == 1001
        assert not missing(ids(case, messages))
        assert len([each for each in simulator.sent if each.stream]) == len(messages)


@both
async def test_a_exchange_that_goes_down_says_so_where_it_does_and_closes_later(case: Case) -> None:
    faults = Faults(farewell_after=0.3, farewell_seconds=0.5)
    async with simulated(case, faults) as simulator, listening(simulator, case) as websocket:
        messages, closed = await until_closed(websocket)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1012
    told = [at for at, message in enumerate(messages) if "serverShutdown" in str(message)]
    if case is BINANCE:
        (at,) = told
        assert 5 < at < len(messages) - 5
        assert json.loads(messages.pop(at))["data"]["e"] == "serverShutdown"
    assert not missing(ids(case, messages))


@both
async def test_what_happens_in_an_interval_comes_in_one_flood_and_is_complete(case: Case) -> None:
    async with (
        simulated(case, Faults(flood_seconds=0.5), rate=1000) as simulator,
        listening(simulator, case) as websocket,
    ):
        times, messages = [], []
        for _ in range(150):
            messages.append(await asyncio.wait_for(websocket.recv(), 10))
            times.append(time.monotonic())
    pauses = [at for at in range(1, len(times)) if times[at] - times[at - 1] > 0.3]
    assert 1 <= len(pauses) <= 5
    got = ids(case, messages)
    assert got == list(range(got[0], got[0] + 150))


@both
async def test_rest_refuses_a_while_but_websockets_are_served(case: Case) -> None:
    faults = Faults(rest_status=429, rest_refusals=2)
    async with (
        simulated(case, faults) as simulator,
        listening(simulator, case) as websocket,
        aiohttp.ClientSession(simulator.rest_url) as http,
    ):
        await receive(websocket, 3)
        answers = []
        for _ in range(4):
            async with http.get(case.rest) as answer:
                answers.append((answer.status, answer.headers.get("Retry-After")))
        assert answers == [(429, "1"), (429, "1"), (200, None), (200, None)]


async def test_a_post_reaches_the_exchange_with_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[HttpRequest] = []

    def rest(self: Binance, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        asked.append(request)
        return HttpAnswer.json({"size": len(request.body or b"")})

    monkeypatch.setattr(Binance, "rest", rest)
    large: dict[str, Any] = {"type": "meta", "padding": "x" * 200_000}
    async with simulated(BINANCE, Faults()) as simulator, aiohttp.ClientSession(simulator.rest_url) as http:
        for body in ({"type": "meta"}, large):
            async with http.post("/info?a=1", json=body) as answer:
                assert (await answer.json())["size"] == len(json.dumps(body))
        async with http.get("/info?a=1") as answer:
            assert (await answer.json())["size"] == 0
    assert [request.path for request in asked] == ["/info"] * 3
    assert asked[0].query == {"a": "1"}
    assert json.loads(asked[0].body or b"") == {"type": "meta"}
    assert asked[2].body is None
