from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from daedalus.exchanges.model import RestLimit, RestRequest
from daedalus.ingest.rest import client as rest_module
from daedalus.ingest.rest.client import RestClient, RestError

pytestmark = pytest.mark.server

LIMIT = RestLimit(weight_per_minute=1000, used_header="X-Used")


@contextmanager
def server(status: int, headers: dict[str, str], body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[RestClient]:
    client = RestClient(url, LIMIT)
    try:
        yield client
    finally:
        await client.close()


async def get(url: str, path: str = "/depth") -> bytes:
    async with client_of(url) as client:
        return await client.get(RestRequest(path, 10))


Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""Called with the first line of a request; writes what comes back."""


@asynccontextmanager
async def exchange(answer: Answer) -> AsyncIterator[str]:
    """A server that answers byte by byte as the test says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(head.split(b"\r\n")[0].decode(), writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


async def drip(writer: asyncio.StreamWriter, first: bytes) -> None:
    writer.write(first)
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


OK = b"HTTP/1.1 200 OK\r\n"


async def test_a_body_comes_back_byte_for_byte() -> None:
    with server(200, {"X-Used": "900"}, b'{"lastUpdateId": 1}\xff') as url:
        async with client_of(url) as client:
            assert await client.get(RestRequest("/depth", 10)) == b'{"lastUpdateId": 1}\xff'
            # it said 900 of 1000
            assert client._budget.delay(1, asyncio.get_running_loop().time()) > 50


async def test_the_path_goes_out_as_the_exchange_file_wrote_it() -> None:
    asked = []

    async def answer(line: str, writer: asyncio.StreamWriter) -> None:
        asked.append(line)
        writer.write(OK + b"Content-Length: 2\r\n\r\n{}")

    async with exchange(answer) as url:
        await get(url, "/trades?pair=BTC%2FUSD&x=a%3Ab:c&since=1%20")
    assert asked == ["GET /trades?pair=BTC%2FUSD&x=a%3Ab:c&since=1%20 HTTP/1.1"]


async def test_a_compressed_body_comes_back_as_it_was_before() -> None:
    with (
        server(
            200, {"Content-Encoding": "gzip", "Content-Length": str(len(gzip.compress(b"[1]" * 99)))}, b""
        ) as url,
        pytest.raises(RestError),
    ):
        await get(url)
    with server(200, {"Content-Encoding": "gzip"}, gzip.compress(b"[1]" * 99)) as url:
        assert await get(url) == b"[1]" * 99


@pytest.mark.parametrize(
    "cut",
    [
        OK + b'Content-Length: 40\r\n\r\n{"lastUpdateId": 1',
        OK + b"Content-Length: 40\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        OK + b"Content-Le",
        b"",
    ],
)
async def test_an_answer_that_is_cut_off_is_an_error_that_may_pass(cut: bytes) -> None:
    async def answer(line: str, writer: asyncio.StreamWriter) -> None:
        writer.write(cut)

    async with exchange(answer) as url:
        with pytest.raises(RestError, match=r"^http://127\.0\.0\.1:\d+/depth: ") as caught:
            await get(url)
    assert caught.value.passing


@pytest.mark.parametrize("first", [OK + b"Content-Length: 100000\r\n\r\n", OK + b"X-Slow: "])
async def test_an_answer_that_drips_has_an_end(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "DEADLINE_SECONDS", 0.5)

    async def answer(line: str, writer: asyncio.StreamWriter) -> None:
        await drip(writer, first)

    async with exchange(answer) as url:
        with pytest.raises(RestError, match="no whole answer within"):
            await asyncio.wait_for(get(url), 20)


async def test_an_answer_that_drips_holds_up_no_other() -> None:
    async def answer(line: str, writer: asyncio.StreamWriter) -> None:
        if "/slow" in line:
            await drip(writer, OK + b"Content-Length: 100000\r\n\r\n")
        writer.write(OK + b"Content-Length: 2\r\n\r\n{}")

    async with exchange(answer) as url, client_of(url) as client:
        slow = asyncio.create_task(client.get(RestRequest("/slow", 1)))
        await asyncio.sleep(0.1)
        assert await asyncio.wait_for(client.get(RestRequest("/depth", 1)), 10) == b"{}"
        assert not slow.done()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


async def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "MAX_BODY_BYTES", 1 << 20)

    async def answer(line: str, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()

    async with exchange(answer) as url:
        with pytest.raises(RestError, match="larger than 1 MiB"):
            await get(url)


async def test_a_name_that_is_looked_up_for_ever_leaves_no_thread_to_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest_module, "DEADLINE_SECONDS", 0.2)
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    try:
        with pytest.raises(RestError, match="no whole answer within"):
            await asyncio.wait_for(get("http://exchange.invalid"), 20)
        waiting = [each for each in threading.enumerate() if each.name == "look up exchange.invalid"]
        assert waiting
        assert all(each.daemon for each in waiting)
    finally:
        over.set()


async def test_an_exchange_that_asks_us_to_stay_away_is_obeyed() -> None:
    with server(429, {"Retry-After": "17"}, b"slow down") as url:
        async with client_of(url) as client:
            with pytest.raises(RestError, match="HTTP 429") as caught:
                await client.get(RestRequest("/depth", 10))
            assert caught.value.retry_after == 17
            assert 16 < client._budget.delay(1, time.monotonic()) <= 17


@pytest.mark.parametrize(
    ("status", "body", "passing"),
    [
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', False),
        (404, b"[]", False),
        (400, b"<html>maintenance</html>", True),
        (404, b"", True),
        (407, b"{}", True),
        (429, b"{}", True),
        (503, b"{}", True),
        (204, b"", True),
    ],
)
async def test_a_refusal_is_final_only_where_the_exchange_itself_speaks(
    status: int, body: bytes, passing: bool
) -> None:
    with server(status, {}, body) as url, pytest.raises(RestError, match=f"HTTP {status}") as caught:
        await get(url)
    assert caught.value.passing is passing


async def test_a_refused_connection_is_one_line_with_the_url() -> None:
    with server(200, {}, b"") as url:
        pass
    with pytest.raises(RestError, match=r"^http://127\.0\.0\.1:\d+/depth: .*refused") as caught:
        await get(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("9" * 15, 24 * 3600.0), ("9" * 500, 60.0), ("\u00b2", 60.0), ("-5", 60.0), ("tomorrow", 60.0)],
)
async def test_a_pause_that_nobody_can_wait_for_is_cut_or_guessed(text: str, seconds: float) -> None:
    with server(429, {"Retry-After": text}, b"") as url:
        with pytest.raises(RestError, match="HTTP 429") as caught:
            await get(url)
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize("used", ["\u00b2", "9" * 5000, "-1", ""])
async def test_a_used_weight_that_is_no_number_is_not_minded(used: str) -> None:
    with server(200, {"X-Used": used}, b"{}") as url:
        assert await get(url) == b"{}"


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:port/", "http://127.0.0.1:99999/"])
async def test_an_exchange_that_sends_us_to_no_address_is_told_in_one_line(address: str) -> None:
    with server(302, {"Location": address}, b"") as url:
        with pytest.raises(RestError, match=r"^http://127\.0\.0\.1:\d+/depth: ") as caught:
            await get(url)
        assert "\n" not in str(caught.value)


async def test_a_proxy_that_refuses_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(407, {}, b"") as url:
        host = url.removeprefix("http://")
        monkeypatch.setenv("https_proxy", f"http://user:secret-word@{host}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(RestError) as caught:
            await get("https://exchange.invalid")
    assert "secret-word" not in str(caught.value)
    assert caught.value.passing
