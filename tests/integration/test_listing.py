"""A symbol that the exchange's first list lacks is recorded as soon as a later one has it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from support.processes import Recorder, wait_until
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response


class Exchange:
    """Binance's trades and list on loopback; BTCUSDT is in no list but those after the first."""

    def __init__(self) -> None:
        self.lists = 0
        self.connections = 0
        self.subscribed: list[tuple[int, str]] = []
        self.port = 0

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if "exchangeInfo" not in request.path:
            return None
        self.lists += 1
        names = ["ETHUSDT"] if self.lists == 1 else ["ETHUSDT", "BTCUSDT"]
        listed = [{"symbol": n, "status": "TRADING", "baseAsset": n[:3], "quoteAsset": "USDT"} for n in names]
        return connection.respond(HTTPStatus.OK, json.dumps({"symbols": listed}))

    async def stream(self, connection: ServerConnection) -> None:
        self.connections += 1
        number, last = self.connections, 0
        request = json.loads(await connection.recv())
        await connection.send(json.dumps({"result": None, "id": request["id"]}))
        for topic in request["params"]:
            self.subscribed.append((number, topic))
        while True:
            last += 1
            for topic in request["params"]:
                symbol = topic.partition("@")[0].upper()
                data = {"e": "trade", "E": 1, "s": symbol, "t": last, "p": "1", "q": "2", "T": 1, "m": True}
                await connection.send(json.dumps({"stream": topic, "data": data}))
            await asyncio.sleep(0.1)


@contextmanager
def running() -> Iterator[Exchange]:
    exchange, ready = Exchange(), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serving() -> None:
        async with serve(exchange.stream, "127.0.0.1", 0, process_request=exchange.answer) as server:
            exchange.port = next(iter(server.sockets)).getsockname()[1]
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serving(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield exchange
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.mark.integration
@pytest.mark.parametrize("symbols", [["BTCUSDT"], ["BTCUSDT", "ETHUSDT"]])
def test_a_symbol_of_a_later_list_is_recorded_without_touching_other_connections(
    tmp_path: Path, symbols: list[str]
) -> None:
    with running() as exchange:
        settings = {"symbols": symbols, "channels": ["trade"]}
        recorder = Recorder(tmp_path, "binance", exchange.port, settings)
        recorder.start()
        status = recorder.data / "status" / "ingest-binance.json"
        wait_until(status.exists, 60, "the status")
        first = json.loads(status.read_text())
        assert first["note"] == "left out: the exchange lists no BTCUSDT (did you mean ETHUSDT?)"
        assert first["left_out_symbols"] == 1
        wait_until(lambda: any("btcusdt" in topic for _, topic in exchange.subscribed), 90, "BTCUSDT")
        wait_until(lambda: json.loads(status.read_text())["left_out_symbols"] == 0, 20, "the status")
        assert exchange.connections == len(symbols)
        assert recorder.stop() < 15
    assert "Traceback" not in recorder.log.read_text()
