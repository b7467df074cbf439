"""The wire against a real websocket server on loopback."""

from __future__ import annotations

import asyncio
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from typing import cast

import pytest
from support.dead_addresses import resolve_to, silent
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError
from websockets.utils import accept_key

from daedalus.ingest.wire.client import SLICE_MESSAGES, WireError, open_wire

pytestmark = pytest.mark.server

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def exchange(handler: Handler) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, compression=None, close_timeout=0.5) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/stream"


Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def bare_exchange(play: Play, *, reads: bool = True) -> AsyncIterator[str]:
    """An exchange that shakes hands, writes as the test says, and reads everything or nothing."""
    playing: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing.add(cast("asyncio.Task[None]", asyncio.current_task()))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()
        )
        reading = asyncio.create_task(reader.read()) if reads else None
        with suppress(OSError, asyncio.CancelledError):
            await play(writer)
            await asyncio.sleep(1)
        if reading is not None:
            reading.cancel()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        server.close()


class Received:
    def __init__(self) -> None:
        self.slices: list[int] = []
        self.stamps: list[int] = []
        self.payloads: list[bytes] = []

    def __call__(self, times: list[int], payloads: list[bytes]) -> None:
        self.slices.append(len(payloads))
        self.stamps += times
        self.payloads += payloads


async def test_messages_arrive_whole_in_order_as_bytes_with_their_time() -> None:
    sent = [f'{{"n":{number}}}' for number in range(500)] + ["x" * 5_000_000, "last"]

    async def handler(connection: ServerConnection) -> None:
        for text in sent:
            await connection.send(text)

    received = Received()
    before = time.time_ns()
    async with exchange(handler) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        assert await wire.lost() == "closed with code 1000"
    assert received.payloads == [text.encode() for text in sent]
    assert len(received.stamps) == len(sent)
    assert before <= received.stamps[0]
    assert received.stamps == sorted(received.stamps)
    assert received.stamps[-1] <= time.time_ns()


async def test_a_message_in_fragments_is_put_together() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(["to", "geth", "er"])
        await connection.send("whole")

    received = Received()
    async with exchange(handler) as url:
        await (await open_wire(url, received, ping_seconds=20)).lost()
    assert received.payloads == [b"together", b"whole"]


async def test_bytes_that_are_no_utf8_are_delivered_and_do_not_end_the_connection() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send(b'{"symbol":"\xff\xfe"}', text=True)
        await connection.send("after")

    received = Received()
    async with exchange(handler) as url:
        await (await open_wire(url, received, ping_seconds=20)).lost()
    assert received.payloads == [b'{"symbol":"\xff\xfe"}', b"after"]


async def test_what_we_send_arrives() -> None:
    heard: list[str | bytes] = []

    async def handler(connection: ServerConnection) -> None:
        heard.append(await connection.recv())

    async with exchange(handler) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        await wire.send('{"method":"SUBSCRIBE"}')
        await wire.lost()
        with pytest.raises(WireError):
            await wire.send("too late")
    assert heard == ['{"method":"SUBSCRIBE"}']


async def test_a_paused_wire_delivers_nothing_and_a_resumed_one_everything() -> None:
    go = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await go.wait()
        for number in range(100):
            await connection.send(str(number))

    received = Received()
    async with exchange(handler) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        wire.pause()
        go.set()
        await asyncio.sleep(0.1)
        assert received.payloads == []
        wire.resume()
        await wire.lost()
    assert received.payloads == [str(number).encode() for number in range(100)]


async def test_messages_that_wait_for_each_other_keep_the_times_at_which_they_came() -> None:
    gone: list[int] = []

    async def handler(connection: ServerConnection) -> None:
        for number in range(20):
            gone.append(time.time_ns())
            await connection.send(str(number))
            await asyncio.sleep(0.001)

    received = Received()
    async with exchange(handler) as url:
        await (await open_wire(url, received, ping_seconds=20)).lost()
    assert received.payloads == [str(number).encode() for number in range(20)]
    following = [*gone[1:], time.time_ns()]
    assert all(sent <= stamp for sent, stamp in zip(gone, received.stamps, strict=True))
    # One that is stamped when it is handed over would have the time of a later one.
    assert sum(stamp < after for stamp, after in zip(received.stamps, following, strict=True)) >= 10


async def test_what_waited_is_handed_over_in_slices() -> None:
    async def handler(connection: ServerConnection) -> None:
        for number in range(300):
            await connection.send(str(number))
            await asyncio.sleep(0.0005)

    received = Received()
    async with exchange(handler) as url:
        await (await open_wire(url, received, ping_seconds=20)).lost()
    assert received.payloads == [str(number).encode() for number in range(300)]
    assert len(received.slices) < 150
    stamps = iter(received.stamps)
    for size in received.slices:
        times = [next(stamps) for _ in range(size)]
        # One read is never parted, however much it brings.
        assert size - times.count(times[-1]) < SLICE_MESSAGES


async def test_the_last_messages_before_a_silence_are_handed_over_without_another() -> None:
    async def handler(connection: ServerConnection) -> None:
        for number in range(5):
            await connection.send(str(number))
        await connection.wait_closed()

    received = Received()
    async with exchange(handler) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        async with asyncio.timeout(10):
            while len(received.payloads) < 5:
                await asyncio.sleep(0.01)
        await wire.close()


async def test_what_waits_can_be_asked_for() -> None:
    sent = asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await connection.send("first")
        await connection.send("second")
        sent.set()
        await connection.wait_closed()

    received = Received()
    async with exchange(handler) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        await sent.wait()
        async with asyncio.timeout(10):
            while received.payloads != [b"first", b"second"]:
                await asyncio.sleep(0)
                wire.deliver()
        await wire.close()


async def test_a_fault_in_what_was_handed_over_late_ends_the_connection() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send("first")
        await asyncio.sleep(0.002)
        await connection.send("second")
        await connection.wait_closed()

    def receive(times: list[int], payloads: list[bytes]) -> None:
        if b"second" in payloads:
            raise ValueError("a fault of ours")

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with exchange(handler) as url:
        wire = await open_wire(url, receive, ping_seconds=20)
        assert "connection lost" in await asyncio.wait_for(wire.lost(), 10)


async def test_a_connection_cut_off_says_so() -> None:
    async def handler(connection: ServerConnection) -> None:
        connection.transport.abort()
        await connection.wait_closed()

    async with exchange(handler) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        assert await wire.lost() == "connection lost: no close frame received or sent"


async def test_the_exchanges_reason_for_closing_is_kept() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.close(1008, "too many messages")

    async with exchange(handler) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        assert await wire.lost() == "closed with code 1008: too many messages"


async def test_a_exchange_that_says_nothing_and_answers_no_pings_is_given_up() -> None:
    async def handler(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await asyncio.sleep(5)

    async with exchange(handler) as url:
        wire = await open_wire(url, Received(), ping_seconds=0.1)
        async with asyncio.timeout(4):
            assert "not even the answer to a ping" in await wire.lost()


async def test_a_silent_exchange_that_answers_pings_is_kept() -> None:
    async def handler(connection: ServerConnection) -> None:
        await asyncio.sleep(1.5)
        await connection.send("at last")

    received = Received()
    async with exchange(handler) as url:
        wire = await open_wire(url, received, ping_seconds=0.1)
        assert await wire.lost() == "closed with code 1000"
    assert received.payloads == [b"at last"]


async def test_a_exchange_that_answers_no_pings_but_sends_data_is_kept() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        for _ in range(60):
            writer.write(b"\x81\x04data")
            await asyncio.sleep(0.03)
        writer.write(b"\x88\x02\x03\xe8")
        await writer.drain()

    received = Received()
    async with bare_exchange(play) as url:
        wire = await open_wire(url, received, ping_seconds=0.2)
        assert await wire.lost() == "closed with code 1000"
    assert received.payloads == [b"data"] * 60


async def test_a_pause_of_our_own_is_no_silence_of_the_exchange() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"\x81\x04data")
            await asyncio.sleep(0.03)

    received = Received()
    async with bare_exchange(play) as url:
        wire = await open_wire(url, received, ping_seconds=0.1)
        wire.pause()
        await asyncio.sleep(0.8)
        wire.resume()
        async with asyncio.timeout(10):
            while len(received.payloads) < 20:
                await asyncio.sleep(0.01)
        await wire.close()


async def test_a_flood_of_pings_costs_no_memory() -> None:
    sent = 0

    async def play(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write((b"\x89\x7d" + b"x" * 125) * 500)
            await writer.drain()
            sent += 500

    async with bare_exchange(play, reads=False) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        tracemalloc.start()
        try:
            async with asyncio.timeout(60):
                while sent < 100_000:
                    await asyncio.sleep(0.01)
            assert tracemalloc.get_traced_memory()[0] < 4_000_000  # some 13 MB, were each answered
        finally:
            tracemalloc.stop()
        await wire.close()


async def test_nothing_is_read_from_a_exchange_that_takes_nothing_and_it_is_given_up() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"\x81\x04data" * 100)
            await writer.drain()
            await asyncio.sleep(0.01)

    received = Received()
    async with bare_exchange(play, reads=False) as url:
        wire = await open_wire(url, received, ping_seconds=0.5)
        sending = asyncio.create_task(wire.send("x" * 32 * 1024 * 1024))
        assert "not even the answer to a ping" in await asyncio.wait_for(wire.lost(), 20)
        with suppress(WireError):
            await asyncio.wait_for(sending, 10)


@pytest.mark.parametrize("tiny", [b"\x89\x00", b"\x00\x00", b"\x8a\x00"], ids=["ping", "part", "pong"])
async def test_a_flood_of_the_smallest_frames_does_not_hold_up_the_event_loop(tiny: bytes) -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x01\x00")
        while True:
            writer.write(tiny * 100_000)
            await writer.drain()

    async with bare_exchange(play) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        begun = time.monotonic()
        for _ in range(100):  # turns of the loop, each beside a slice of the flood
            await asyncio.sleep(0)
        assert time.monotonic() - begun < 10
        await asyncio.wait_for(wire.close(), 20)


async def test_a_exchange_that_takes_nothing_is_closed_in_time() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"\x89\x00" * 50_000)
            await writer.drain()

    async with bare_exchange(play, reads=False) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        # More than the kernel takes: the library would wait for room until the end of days.
        sending = asyncio.create_task(wire.send("x" * 32 * 1024 * 1024))
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        await asyncio.wait_for(wire.close(), 30)
        assert time.monotonic() - begun < 8
        with suppress(WireError):
            await asyncio.wait_for(sending, 10)


async def test_empty_fragments_without_end_leave_room_for_messages() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x01\x02be")
        for _ in range(20):
            writer.write(b"\x00\x00" * 50_000 + b"\x89\x00" + b"\x8a\x00" * 1000)
            await writer.drain()
        writer.write(b"\x80\x03gun\x81\x04more\x88\x02\x03\xe8")
        await asyncio.sleep(60)

    received = Received()
    async with bare_exchange(play) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        assert await asyncio.wait_for(wire.lost(), 60) == "closed with code 1000"
    assert received.payloads == [b"begun", b"more"]


@pytest.mark.parametrize("wrong", [b"\x80\x02no", b"\x01\x02no\x01\x02no"])
async def test_fragments_out_of_their_order_end_the_connection(wrong: bytes) -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x81\x04good" + wrong + b"\x81\x05never")
        await asyncio.sleep(30)

    received = Received()
    async with bare_exchange(play) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        assert "1002 (protocol error)" in await asyncio.wait_for(wire.lost(), 10)
    assert received.payloads == [b"good"]


async def test_a_exchange_that_says_farewell_and_does_not_hang_up_is_left() -> None:
    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x88\x02\x03\xe8")
        while True:
            writer.write(b"\x89\x00")
            await asyncio.sleep(0.05)

    async with bare_exchange(play) as url:
        wire = await open_wire(url, Received(), ping_seconds=20)
        await asyncio.wait_for(wire.lost(), 10)


async def test_an_address_that_takes_the_connection_and_says_nothing_is_followed_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("daedalus.ingest.wire.client.SHARE_SECONDS", 0.5)

    async def handler(connection: ServerConnection) -> None:
        await connection.send("here")

    received = Received()
    async with exchange(handler) as url:
        port = int(url.split(":")[2].split("/")[0])
        resolve_to(monkeypatch, "exchange.test", "127.0.0.2", "127.0.0.1")
        with closing(socket.create_server(("127.0.0.2", port))):
            begun = time.monotonic()
            wire = await open_wire(f"ws://exchange.test:{port}/stream", received, ping_seconds=20)
            assert time.monotonic() - begun < 8  # less than the whole patience
            await wire.lost()
    assert received.payloads == [b"here"]


async def test_a_proxy_whose_first_address_is_dead_is_reached_at_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # a connection that asks for nothing
            asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            port = int(asked[-1].split()[1].rpartition(":")[2])
            behind, before = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            before.write(await reader.readuntil(b"\r\n\r\n"))
            while data := await behind.read(1000):
                writer.write(data)
            before.close()
        writer.close()

    async def handler(connection: ServerConnection) -> None:
        await connection.send("through")

    received = Received()
    proxy = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    resolve_to(monkeypatch, "proxy.test", "127.0.0.2", "127.0.0.1")
    monkeypatch.setenv("http_proxy", f"http://me:secret@proxy.test:{port}")
    monkeypatch.setenv("no_proxy", "")
    async with proxy, exchange(handler) as url:
        with silent("127.0.0.2", port):
            there = url.replace("127.0.0.1", "exchange.test")
            wire = await asyncio.wait_for(open_wire(there, received, ping_seconds=20), 20)
            await wire.lost()
    assert received.payloads == [b"through"]
    assert "exchange.test" in asked[-1]
    assert "Proxy-Authorization: Basic" in asked[-1]


async def test_one_address_that_says_nothing_is_named_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daedalus.ingest.wire.client.OPEN_TIMEOUT_SECONDS", 0.5)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"ws://127.0.0.1:{listening.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(WireError) as caught:
            await open_wire(url, Received(), ping_seconds=20)
        assert str(caught.value) == f"cannot connect to {url}: 127.0.0.1: no answer in time"
        listening.setblocking(False)
        listening.accept()[0].close()
        with pytest.raises(BlockingIOError):
            listening.accept()
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ws://127.0.0.1:1/", r"cannot connect to ws://127\.0\.0\.1:1/: .*"),
        ("ws://no.such.host.invalid/", r"cannot connect to ws://no\.such\.host\.invalid/: .*"),
        ("not a url", r"cannot connect to not a url: .*"),
    ],
)
async def test_a_exchange_that_cannot_be_reached_is_one_line(url: str, reason: str) -> None:
    with pytest.raises(WireError, match=f"^{reason}$") as caught:
        await open_wire(url, Received(), ping_seconds=20)
    assert "\n" not in str(caught.value)


async def test_a_connection_lost_before_the_handshake_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object, **__: object) -> None:
        raise ConnectionClosedError(None, None)

    monkeypatch.setattr(ClientConnection, "handshake", lost)

    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with exchange(handler) as url:
        with pytest.raises(WireError, match=r"cannot connect to ws://.*no close frame"):
            await open_wire(url, Received(), ping_seconds=20)


async def test_a_refused_handshake_is_one_line_with_the_status() -> None:
    async def handler(connection: ServerConnection) -> None: ...

    async with serve(
        handler, "127.0.0.1", 0, process_request=lambda c, r: c.respond(451, "not here")
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(WireError, match="HTTP 451"):
            await open_wire(f"ws://127.0.0.1:{port}/", Received(), ping_seconds=20)


async def test_messages_that_come_with_the_answer_to_the_handshake_are_not_lost() -> None:
    """However the answer is cut: some exchanges send their greeting in the same packet."""

    async def answer(cut: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        said = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        ).encode() + b"\x81\x05hello\x89\x00\x81\x05world\x88\x02\x03\xe8"
        for position in range(0, len(said), cut):
            writer.write(said[position : position + cut])
            await writer.drain()
            await asyncio.sleep(0.001)
        await reader.read(1)  # the client's answer to our closing
        writer.close()

    for cut in (1000, 131, 7):
        received = Received()
        server = await asyncio.start_server(partial(answer, cut), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            wire = await open_wire(f"ws://127.0.0.1:{port}/", received, ping_seconds=20)
            assert await wire.lost() == "closed with code 1000"
        assert received.payloads == [b"hello", b"world"]


async def test_a_masked_frame_ends_the_connection_with_the_protocols_error() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send("good")
        connection.transport.write(b"\x81\x85abcd01234")
        await connection.wait_closed()

    received = Received()
    async with exchange(handler) as url:
        wire = await open_wire(url, received, ping_seconds=20)
        async with asyncio.timeout(5):
            assert "1002 (protocol error)" in await wire.lost()
    assert received.payloads == [b"good"]
