"""REST requests, a few at a time, within the exchange's budget.

Invariants:
- An answer is whole within `DEADLINE_SECONDS` and `MAX_BODY_BYTES`, or it is an error.
- A body that ends before its announced length is an error, never a shorter answer.
- A caller may be cancelled at any moment; no request or thread stays that must be waited for.
"""

from __future__ import annotations

import asyncio
import os
import time
import urllib.request
from collections.abc import Callable

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from ...errors import DaedalusError
from ...exchanges.model import RestLimit, RestRequest
from ...exchanges.reading import UNREADABLE, whole_number
from .budget import RestBudget
from .resolver import DaemonResolver

__all__ = ["RestClient", "RestError"]

DEADLINE_SECONDS = 30.0
"""For one answer, from connecting to the last byte: a slow line carries some 10 MB in this time."""

CONNECT_SECONDS = 10.0
MAX_BODY_BYTES = 64 * 1024 * 1024
REQUESTS_UNDER_WAY = 6
"""Three books, two backfills and a list: an answer that comes slowly holds up no other."""

LONGEST_PAUSE_SECONDS = 24 * 3600.0
"""An exchange that asks us to stay away for longer is asked again the next day."""

_PASSING = (403, 407, 408, 418, 425, 429)  # 403: some exchanges' answer to too many requests
_REASON_BYTES = 16 * 1024
"""How much is read of an error's body, to see whether the exchange itself answers."""


class RestError(DaedalusError):
    """A request failed. ``retry_after``: for how many seconds the exchange asks us to stay away, or None.

    ``passing``: the same request may succeed later; False: the exchange refuses what it asks for.
    """

    def __init__(self, message: str, retry_after: float | None = None, *, passing: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.passing = passing


class _Answer(Struct, frozen=True):
    """A body, and the weight used in this minute by the exchange's count (None: it does not say)."""

    body: bytes
    used_weight: int | None


class RestClient:
    """Requests to one exchange, within its budget. Belongs to one event loop; `close` it there."""

    def __init__(self, base_url: str, limit: RestLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._base_url = base_url.rstrip("/")
        self._limit = limit
        self._budget = RestBudget(limit)
        self._clock = clock
        self._turn = asyncio.Lock()
        self._under_way = asyncio.Semaphore(REQUESTS_UNDER_WAY)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, request: RestRequest) -> bytes:
        """The body of the answer, within the budget. Raises `RestError`; the caller repeats requests."""
        async with self._under_way:
            async with self._turn:
                while (wait := self._budget.delay(request.weight, self._clock())) > 0:  # noqa: ASYNC110 - a time, no event
                    await asyncio.sleep(wait)
                self._budget.spend(request.weight, self._clock())
            try:
                answer = await self._in_time(request)
            except RestError as error:
                if error.retry_after is not None:
                    self._budget.stay_away(error.retry_after, self._clock())
                raise
        if answer.used_weight is not None:
            self._budget.exchange_says(answer.used_weight, self._clock())
        return answer.body

    async def close(self) -> None:
        """Drop the connections without waiting for any answer."""
        if self._session is not None:
            await self._session.close()

    async def _in_time(self, request: RestRequest) -> _Answer:
        url = self._base_url + request.path
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._fetch(url, request.body)
        except TimeoutError as error:
            raise RestError(f"{url}: no whole answer within {DEADLINE_SECONDS:.0f} s") from error
        except (aiohttp.ClientError, OSError, ValueError, EOFError) as error:
            # ValueError: a redirect to no valid address, or an invalid length.
            raise RestError(f"{url}: {_in_words(error)}") from error

    async def _fetch(self, url: str, body: bytes | None) -> _Answer:
        method, headers = ("GET", {}) if body is None else ("POST", {"Content-Type": "application/json"})
        asked = self._open().request(
            # The exchange's own file has encoded the path in the form its exchange accepts.
            method,
            URL(url, encoded=True),
            data=body,
            headers=headers,
            proxy=_proxy_of(url),
        )
        async with asked as answer:
            if answer.status != 200:
                raise await _refused(url, answer)
            parts, size = [], 0
            async for part in answer.content.iter_any():
                parts.append(part)
                size += len(part)
                if size > MAX_BODY_BYTES:
                    raise RestError(f"{url}: the answer is larger than {MAX_BODY_BYTES >> 20} MiB")
            header = self._limit.used_header
            used = whole_number(answer.headers.get(header, "")) if header is not None else None
            return _Answer(b"".join(parts), used)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=REQUESTS_UNDER_WAY, resolver=DaemonResolver()),
                headers={"User-Agent": "daedalus", "Accept-Encoding": "gzip, deflate"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _proxy_of(url: str) -> str | None:
    """The proxy that the environment names for a URL; the websockets use the same."""
    parts = URL(url, encoded=True)
    if urllib.request.proxy_bypass(f"{parts.host}:{parts.port}"):
        return None
    return urllib.request.getproxies().get(parts.scheme)


async def _refused(url: str, answer: aiohttp.ClientResponse) -> RestError:
    """The error of an answer that is no success.

    It is final only where the exchange itself refuses, in JSON: a page from a proxy or a maintenance page
    passes.
    """
    passing = answer.status < 400 or answer.status >= 500 or answer.status in _PASSING
    if not passing:
        try:
            msgspec.json.decode(await answer.content.read(_REASON_BYTES))
        except (*UNREADABLE, aiohttp.ClientError):
            passing = True
    return RestError(f"{url}: HTTP {answer.status} {answer.reason}", _retry_after(answer), passing=passing)


def _retry_after(answer: aiohttp.ClientResponse) -> float | None:
    """Seconds to stay away: as the exchange says, or a minute where it only says "too many requests"."""
    seconds = whole_number(answer.headers.get("Retry-After", ""))
    if seconds is not None:
        return min(float(seconds), LONGEST_PAUSE_SECONDS)
    return 60.0 if answer.status in (418, 429) else None


def _in_words(error: BaseException) -> str:
    """One line, without the request that the library repeats: a proxy's URL may hold a password."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answers {error.status} {error.message}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return "it redirects in circles"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer is not HTTP"
    if isinstance(error, aiohttp.InvalidURL):
        return "it redirects to an invalid address"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer is cut off"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port}: {_reason(error.os_error)}"
    text = str(error) or type(error).__name__
    return " ".join(text.split())


def _reason(error: OSError) -> str:
    """The system's words for an error: the event loop's repeat the address."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
