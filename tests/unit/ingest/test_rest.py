from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from daedalus.exchanges.base import RestLimit, RestRequest
from daedalus.ingest.rest import Pacer, RestClient, RestError

LIMIT = RestLimit(weight_per_minute=1000, used_header="X-Used")


def test_requests_within_half_of_the_budget_need_not_wait() -> None:
    pacer = Pacer(LIMIT)
    for _ in range(2):
        assert pacer.delay(250, now=0) == 0
        pacer.spend(250, now=0)
    assert pacer.delay(250, now=10) == 50
    assert pacer.delay(250, now=60) == 0


def test_only_as_much_as_is_needed_must_leave_the_minute() -> None:
    pacer = Pacer(LIMIT)
    pacer.spend(250, now=0)
    pacer.spend(250, now=20)
    assert pacer.delay(250, now=30) == 30
    assert pacer.delay(500, now=30) == 50


def test_where_the_venue_minds_seconds_requests_keep_their_distance() -> None:
    pacer = Pacer(RestLimit(weight_per_minute=1000, interval_seconds=0.5))
    assert pacer.delay(1, now=0) == 0
    pacer.spend(1, now=0)
    assert pacer.delay(1, now=0.125) == 0.375
    assert pacer.delay(1, now=0.5) == 0


def test_a_venue_that_counts_others_requests_too_is_believed() -> None:
    pacer = Pacer(LIMIT)
    pacer.venue_says(499, now=0)
    assert pacer.delay(1, now=0) == 0
    pacer.venue_says(800, now=0)
    assert pacer.delay(1, now=0) == 60


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


async def test_a_body_comes_back_byte_for_byte() -> None:
    with server(200, {"X-Used": "900"}, b'{"lastUpdateId": 1}\xff') as url:
        client = RestClient(url, LIMIT)
        assert await client.get(RestRequest("/depth", 10)) == b'{"lastUpdateId": 1}\xff'
        assert client._pacer.delay(1, asyncio.get_running_loop().time()) > 50  # it said 900 of 1000


async def test_a_venue_that_asks_us_to_stay_away_is_obeyed() -> None:
    with server(429, {"Retry-After": "17"}, b"slow down") as url:
        client = RestClient(url, LIMIT)
        with pytest.raises(RestError, match="HTTP 429") as caught:
            await client.get(RestRequest("/depth", 10))
        assert caught.value.retry_after == 17
        assert 16 < client._pacer.delay(1, asyncio.get_running_loop().time()) <= 17


async def test_a_refused_connection_is_one_line_with_the_url() -> None:
    with server(200, {}, b"") as url:
        pass
    with pytest.raises(RestError, match=r"^http://127\.0\.0\.1:\d+/depth: .*refused") as caught:
        await RestClient(url, LIMIT).get(RestRequest("/depth", 10))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("9" * 15, 24 * 3600.0), ("9" * 500, 60.0), ("\u00b2", 60.0), ("-5", 60.0), ("tomorrow", 60.0)],
)
async def test_a_pause_that_nobody_can_wait_for_is_cut_or_guessed(text: str, seconds: float) -> None:
    with server(429, {"Retry-After": text}, b"") as url:
        with pytest.raises(RestError, match="HTTP 429") as caught:
            await RestClient(url, LIMIT).get(RestRequest("/depth", 10))
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize("used", ["\u00b2", "9" * 5000, "-1", ""])
async def test_a_used_weight_that_is_no_number_is_not_minded(used: str) -> None:
    with server(200, {"X-Used": used}, b"{}") as url:
        assert await RestClient(url, LIMIT).get(RestRequest("/depth", 10)) == b"{}"


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:port/", "http://127.0.0.1:99999/"])
async def test_a_venue_that_sends_us_to_no_address_is_told_in_one_line(address: str) -> None:
    with server(302, {"Location": address}, b"") as url:
        with pytest.raises(RestError, match=r"^http://127\.0\.0\.1:\d+/depth: ") as caught:
            await RestClient(url, LIMIT).get(RestRequest("/depth", 10))
        assert "\n" not in str(caught.value)
