"""What the wire and HTTP bring before any exchange's file reads it."""

from __future__ import annotations

import asyncio
import socket
import threading
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Frame
from websockets.streams import StreamReader

from daedalus.exchanges.model import RestLimit, RestRequest
from daedalus.ingest.rest.client import LONGEST_PAUSE_SECONDS, MAX_BODY_BYTES, RestClient, RestError
from daedalus.ingest.wire.frames import FrameSplitter

MAX_FRAME = 2000
LIMIT = RestLimit(weight_per_minute=1000, used_header="X-Used")

Event = tuple[str, bytes]


def frames(data: bytes) -> None:
    """The first byte says how the others are cut; it must not matter, and the library must agree."""
    wire = data[1:]
    whole = _split([wire])
    random = Random(data[0] if data else 0)
    places = sorted({0, len(wire), *(random.randint(0, len(wire)) for _ in range(random.randint(0, 12)))})
    assert _split([wire[one:after] for one, after in pairwise(places)]) == whole
    expected = _by_the_library(wire)
    if expected and expected[-1][0] == "odd":  # what follows may be odd to us alone
        kind, raw = expected.pop()
        assert whole[len(expected)][0] == kind
        assert whole[len(expected)][1].startswith(raw)
    assert whole[: len(expected)] == expected


class _Events(list[Event]):
    """What came, in its order; odd bytes that follow each other as one."""

    def odd(self, raw: bytes) -> None:
        if self and self[-1][0] == "odd":
            raw = self.pop()[1] + raw
        self.append(("odd", raw))


def _split(pieces: list[bytes]) -> list[Event]:
    events = _Events()

    class Messages(list[bytes]):
        def append(self, message: bytes) -> None:
            events.append(("message", message))

    splitter = FrameSplitter(events.odd, MAX_FRAME)
    for piece in pieces:
        while piece:
            piece = splitter.feed(piece, Messages())
    return events


def _by_the_library(wire: bytes) -> list[Event]:
    """The same by the library's own parser, up to where it refuses to go on."""
    reader = StreamReader()
    reader.feed_data(wire)
    events = _Events()
    while True:
        start = len(wire) - len(reader.buffer)
        parser = Frame.parse(reader.read_exact, mask=False, max_size=MAX_FRAME)
        try:
            next(parser)
        except StopIteration as done:
            if wire[start] in (0x81, 0x82):
                events.append(("message", bytes(done.value.data)))
            else:
                events.odd(wire[start : len(wire) - len(reader.buffer)])
        except (ProtocolError, PayloadTooBig):
            return events
        else:
            return events  # the rest of a frame is missing


class _Host:
    """A server on loopback that says what it is told to, and hangs up."""

    def __init__(self) -> None:
        self.says = b""
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listening.accept()
            with client:
                try:
                    client.settimeout(5)
                    client.recv(65536)
                    client.sendall(self.says)
                except OSError:
                    continue


@cache
def _host() -> _Host:
    return _Host()


class _Fenced(asyncio.SelectorEventLoop):
    """A redirection may name any host: only the server here is asked."""

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        if tuple(address) != ("127.0.0.1", _host().port):
            raise ConnectionRefusedError("not asked")
        await super().sock_connect(sock, address)


def _no_names(host: str, *_: Any, **__: Any) -> Any:
    raise socket.gaierror(f"{host} is not looked up")


async def _asked() -> tuple[bytes, float | None]:
    client = RestClient(f"http://127.0.0.1:{_host().port}", LIMIT)
    try:
        return await client.get(RestRequest("/depth", 1)), None
    except RestError as error:
        return b"", error.retry_after
    finally:
        await client.close()


def http_answer(data: bytes) -> None:
    """The answer to a request, with its head: a body or a `RestError` whose pause can be waited for."""
    _host().says = b"HTTP/1.1 " + data
    look_up, socket.getaddrinfo = socket.getaddrinfo, _no_names
    try:
        with asyncio.Runner(loop_factory=_Fenced) as runner:
            body, after = runner.run(_asked())
    finally:
        socket.getaddrinfo = look_up
    assert after is None or 0 <= after < LONGEST_PAUSE_SECONDS + 1, "nobody can wait for so long"
    assert len(body) <= MAX_BODY_BYTES
