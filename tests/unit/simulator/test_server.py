"""The server: the messages of each connection, on one port, with and without faults."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from daedalus.simulator import Faults, SimulatorError, SimulatorOptions, running, serve
from daedalus.simulator.exchanges.coinbase_exchange.exchange import CoinbaseExchange

pytestmark = [pytest.mark.integration, pytest.mark.server]

TRADES = "/stream?streams=btcusdt@trade"


def options(**changes: Any) -> SimulatorOptions:
    return SimulatorOptions(**{"exchange": "binance", "rate": 500.0, "keep_sent": True, **changes})


async def receive(websocket: ClientConnection, count: int) -> list[dict[str, Any]]:
    return [json.loads(await asyncio.wait_for(websocket.recv(), 10)) for _ in range(count)]


async def until_closed(websocket: ClientConnection) -> tuple[list[dict[str, Any]], ConnectionClosed]:
    messages = []
    try:
        while True:
            messages.append(json.loads(await asyncio.wait_for(websocket.recv(), 10)))
    except ConnectionClosed as closed:
        return messages, closed


def ids(messages: list[dict[str, Any]]) -> list[int]:
    return [message["data"]["t"] for message in messages]


async def test_only_what_a_connection_asked_for_is_sent_to_it() -> None:
    async with (
        running(options()) as simulator,
        connect(simulator.websocket_url + TRADES) as trades,
        connect(simulator.websocket_url + "/stream?streams=ethusdt@bookTicker") as quotes,
    ):
        assert {message["stream"] for message in await receive(trades, 30)} == {"btcusdt@trade"}
        assert {message["stream"] for message in await receive(quotes, 30)} == {"ethusdt@bookTicker"}
        await quotes.send('{"method":"UNSUBSCRIBE","params":["ethusdt@bookTicker"],"id":1}')
        while "result" not in json.loads(await quotes.recv()):
            pass
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(quotes.recv(), 0.1)


async def test_two_connections_get_the_same_messages_and_the_log_has_them_all() -> None:
    async with running(options()) as simulator:
        async with (
            connect(simulator.websocket_url + TRADES) as one,
            connect(simulator.websocket_url + TRADES) as other,
        ):
            first, second = ids(await receive(one, 40)), ids(await receive(other, 40))
        assert first == list(range(first[0], first[0] + 40))
        shared = set(first) & set(second)
        assert len(shared) > 20
        for connection, got in ((0, first), (1, second)):
            sent = [json.loads(each.payload) for each in simulator.sent if each.connection == connection]
            assert ids(sent)[:40] == got


async def test_rest_and_websocket_share_a_port_and_a_market() -> None:
    async with running(options()) as simulator, aiohttp.ClientSession(simulator.rest_url) as http:
        async with connect(simulator.websocket_url + TRADES) as websocket:
            (trade,) = await receive(websocket, 1)
            target = f"/api/v3/historicalTrades?symbol=BTCUSDT&limit=1&fromId={trade['data']['t']}"
            async with http.get(target) as answer:
                (row,) = await answer.json()
                assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "25"
            assert (row["price"], row["qty"]) == (trade["data"]["p"], trade["data"]["q"])
        with pytest.raises(InvalidStatus):
            await connect(f"{simulator.websocket_url}/nowhere")


async def test_ids_go_on_upwards_when_a_simulator_is_started_again() -> None:
    seen: list[int] = []
    for _ in range(2):
        async with running(options()) as simulator, connect(simulator.websocket_url + TRADES) as websocket:
            seen += ids(await receive(websocket, 10))
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("rate", [2000.0, 0.0])
async def test_without_and_with_a_pace_no_message_is_left_out(rate: float) -> None:
    async with running(options(rate=rate)) as simulator:
        begun = time.monotonic()
        async with connect(simulator.websocket_url + TRADES, max_queue=None) as websocket:
            trades = ids(await receive(websocket, 300))
        assert trades == list(range(trades[0], trades[0] + 300))
        if rate:  # 1000 steps a second and symbol: 10 diffs, 198 orders, 257 trades
            assert 0.8 < time.monotonic() - begun < 3


async def test_a_connection_drops_without_a_handshake_after_so_many_messages() -> None:
    async with running(options(faults=Faults(drop_after=7))) as simulator:
        for _ in range(2):  # each connection anew
            async with connect(simulator.websocket_url + TRADES) as websocket:
                messages, closed = await until_closed(websocket)
            assert len(messages) == 7
            assert isinstance(closed, ConnectionClosedError)
            assert closed.rcvd is None


async def test_a_stalled_connection_is_silent_but_answers_pings_and_requests() -> None:
    async with (
        running(options(faults=Faults(stall_after=5))) as simulator,
        connect(simulator.websocket_url + TRADES) as websocket,
    ):
        await receive(websocket, 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(websocket.recv(), 0.3)
        await (await websocket.ping())
        await websocket.send('{"method":"LIST_SUBSCRIPTIONS","id":9}')
        assert await receive(websocket, 1) == [{"result": ["btcusdt@trade"], "id": 9}]


async def test_skipped_trades_use_up_their_ids_and_are_still_there_over_rest() -> None:
    async with (
        running(options(faults=Faults(skip_every=10))) as simulator,
        aiohttp.ClientSession(simulator.rest_url) as http,
        connect(simulator.websocket_url + TRADES) as websocket,
    ):
        trades = ids(await receive(websocket, 40))
        everything = range(trades[0], trades[-1] + 1)
        assert trades == [number for number in everything if number % 10]
        missing = next(number for number in everything if number % 10 == 0)
        async with http.get(f"/api/v3/historicalTrades?symbol=BTCUSDT&limit=1&fromId={missing}") as answer:
            assert [row["id"] for row in await answer.json()] == [missing]


async def test_more_than_five_messages_in_a_second_end_a_binance_connection() -> None:
    async with running(options()) as simulator, connect(simulator.websocket_url + "/ws") as websocket:
        for number in range(3):
            await websocket.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
            await websocket.ping()
        _, closed = await until_closed(websocket)
        assert closed.rcvd is not None
        assert closed.rcvd.code == 1008


async def test_coinbase_ends_a_connection_that_never_subscribes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CoinbaseExchange, "subscribe_seconds", 0.1)
    async with running(options(exchange="coinbase_exchange")) as simulator:
        async with connect(simulator.websocket_url) as silent:
            _, closed = await until_closed(silent)
            assert closed.rcvd is not None
        async with connect(simulator.websocket_url) as talking:
            await talking.send('{"type":"subscribe","product_ids":["BTC-USD"],"channels":["heartbeat"]}')
            kinds = [message["type"] for message in await receive(talking, 3)]
        assert kinds == ["subscriptions", "heartbeat", "heartbeat"]


RECORDED = [b'{"b":2}', b' {"not":  tidy} ', "ünïcode".encode(), b'{"b":3}']


def recording(folder: Path, *, gap_ns: int = 0) -> Path:
    path = folder / "recorded"
    lines = [b"%d %s\n" % (1723161253937085768 + n * gap_ns, text) for n, text in enumerate(RECORDED)]
    answer = b'https://x.example/api/v3/depth?symbol=BTCUSDT&limit=9 -> 1723161253.5: {"lastUpdateId":1}\n'
    path.write_bytes(b"".join(lines) + answer)
    return path


async def test_a_recording_goes_byte_for_byte_to_each_connection_once_it_subscribed(tmp_path: Path) -> None:
    async with (
        running(options(replay=(recording(tmp_path),), speed=0)) as simulator,
        connect(simulator.websocket_url + TRADES) as one,
        connect(simulator.websocket_url + "/stream") as other,
        aiohttp.ClientSession(simulator.rest_url) as http,
    ):
        assert [await one.recv(decode=False) for _ in RECORDED] == RECORDED
        await other.send('{"method":"SUBSCRIBE","params":["x@trade"],"id":1}')
        assert await receive(other, 1) == [{"result": None, "id": 1}]
        assert [await other.recv(decode=False) for _ in RECORDED] == RECORDED
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.recv(), 0.1)
        await (await one.ping())
        async with http.get("/api/v3/depth?symbol=BTCUSDT&limit=5000") as answer:
            assert await answer.json() == {"lastUpdateId": 1}


async def test_a_recording_keeps_its_pace_times_the_speed_and_can_close_at_its_end(tmp_path: Path) -> None:
    path = recording(tmp_path, gap_ns=400_000_000)
    async with running(options(replay=(path,), speed=4, close_at_end=True)) as simulator:
        begun = time.monotonic()
        async with connect(simulator.websocket_url + TRADES) as websocket:
            got = [message async for message in websocket]
        assert len(got) == len(RECORDED)
        assert 0.29 < time.monotonic() - begun < 1.5


async def test_a_real_recording_is_replayed_byte_for_byte(recordings: Path) -> None:
    path = recordings / "COINBASE.ws.28.0"
    played = [line.split(b": ", 1)[1] for line in path.read_bytes().split(b"\n") if line[:1].isdigit()]
    async with (
        running(options(exchange="coinbase_exchange", replay=(path,), speed=0)) as simulator,
        connect(simulator.websocket_url, max_size=None) as websocket,
    ):
        await websocket.send('{"type":"subscribe","product_ids":["SKL-USD"],"channels":["matches"]}')
        assert (await receive(websocket, 1))[0]["channels"][0]["product_ids"] == ["SKL-USD"]
        assert [await websocket.recv(decode=False) for _ in played] == played


async def test_serve_says_where_it_listens_and_ends_when_told_to() -> None:
    stop = asyncio.Event()
    ports: asyncio.Queue[int] = asyncio.Queue()
    task = asyncio.create_task(serve(options(), stop=stop, ready=ports.put_nowait))
    port = await ports.get()
    websocket = await connect(f"ws://127.0.0.1:{port}{TRADES}")
    with pytest.raises(SimulatorError, match=f"--port {port}: cannot listen"):
        await serve(options(port=port), stop=None, ready=ports.put_nowait)
    stop.set()
    await asyncio.wait_for(task, 5)
    _, closed = await until_closed(websocket)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001
