"""REST, as much as a recorder needs of it: a few requests at a time, paced by the exchange's own budget.

Invariants:
- An answer has an end: it is whole within `DEADLINE_SECONDS` and `MAX_BODY_BYTES`, or it is an error.
- A body that ends before its announced length is an error, never a shorter answer.
- Whoever waits for an answer can be cancelled at any moment; nothing is left behind that must be waited for.
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
"""For one answer as a whole, from the connection to the last byte: a slow line carries some 10 MB in it."""

CONNECT_SECONDS = 10.0
MAX_BODY_BYTES = 64 * 1024 * 1024
REQUESTS_UNDER_WAY = 6
"""So many answers may be waited for (three books, two pasts, a list): one that drips holds up no other."""

LONGEST_PAUSE_SECONDS = 24 * 3600.0
"""An exchange that asks for more is asked again the next day."""

_PASSING = (403, 407, 408, 418, 425, 429)  # 403: what some exchanges say to whoever asks too often
_REASON_BYTES = 16 * 1024
"""So much is read of an answer that is an error, to see whether the exchange itself speaks."""


class RestError(DaedalusError):
    """A request failed. ``retry_after`` is the seconds the exchange asks us to stay away, or None.

    ``passing``: the same request may succeed later; the exchange has not refused it for what it asks.
    """

    def __init__(self, message: str, retry_after: float | None = None, *, passing: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.passing = passing


class _Answer(Struct, frozen=True):
    """A body and the weight that the exchange says we have used in this minute (None: it does not say)."""

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
        """The body of the answer. Raises `RestError`; the pace is kept here, retrying is the caller's."""
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
        """Let go of the connections; waits for none of them."""
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
            # ValueError: an address to which the exchange sends us, and a length, that are none.
            raise RestError(f"{url}: {_in_words(error)}") from error

    async def _fetch(self, url: str, body: bytes | None) -> _Answer:
        method, headers = ("GET", {}) if body is None else ("POST", {"Content-Type": "application/json"})
        asked = self._open().request(
            # The path is encoded by the exchange's file, which knows what its exchange takes.
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
    """The proxy that the environment names for it, as the websockets read it too."""
    parts = URL(url, encoded=True)
    if urllib.request.proxy_bypass(f"{parts.host}:{parts.port}"):
        return None
    return urllib.request.getproxies().get(parts.scheme)


async def _refused(url: str, answer: aiohttp.ClientResponse) -> RestError:
    """What an answer is that is no success. Final only where the exchange itself says so, in JSON:
    a page of whatever stands before it (a proxy, a page that says that it is closed) may be gone soon."""
    passing = answer.status < 400 or answer.status >= 500 or answer.status in _PASSING
    if not passing:
        try:
            msgspec.json.decode(await answer.content.read(_REASON_BYTES))
        except (*UNREADABLE, aiohttp.ClientError):
            passing = True
    return RestError(f"{url}: HTTP {answer.status} {answer.reason}", _retry_after(answer), passing=passing)


def _retry_after(answer: aiohttp.ClientResponse) -> float | None:
    """Seconds to stay away: what the exchange says, or a minute where it only says that it is too much."""
    seconds = whole_number(answer.headers.get("Retry-After", ""))
    if seconds is not None:
        return min(float(seconds), LONGEST_PAUSE_SECONDS)
    return 60.0 if answer.status in (418, 429) else None


def _in_words(error: BaseException) -> str:
    """One line, without what the library repeats of the request: a proxy's URL may hold a password."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answers {error.status} {error.message}"
    if isinstance(error, aiohttp.TooManyRedirects):
        return "it sends us in circles"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer is no HTTP"
    if isinstance(error, aiohttp.InvalidURL):
        return "it sends us to an address that is none"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer is cut off"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port}: {_reason(error.os_error)}"
    text = str(error) or type(error).__name__
    return " ".join(text.split())


def _reason(error: OSError) -> str:
    """The system's words: those of the loop repeat the address."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
