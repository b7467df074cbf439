"""REST, as much as a recorder needs of it: rare requests, paced by the venue's own budget."""

from __future__ import annotations

import asyncio
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from msgspec import Struct

from ..exchanges.base import RestLimit, RestRequest
from ..exchanges.reading import whole_number

__all__ = ["Pacer", "RestClient", "RestError"]

TIMEOUT_SECONDS = 20.0
MAX_BODY_BYTES = 64 * 1024 * 1024
LONGEST_PAUSE_SECONDS = 24 * 3600.0
"""A venue that asks for more is asked again the next day."""

_PASSING = (403, 408, 418, 425, 429)  # 403: what some venues say to whoever asks too often
BUDGET_SHARE = 0.5
"""How much of the venue's budget we use: other programs may share the address."""


class RestError(Exception):
    """A request failed. ``retry_after`` is the seconds the venue asks us to stay away, or None.

    ``passing``: the same request may succeed later; the venue has not refused it for what it asks.
    """

    def __init__(self, message: str, retry_after: float | None = None, *, passing: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.passing = passing


class Answer(Struct, frozen=True):
    """A body and the weight that the venue says we have used in this minute (None: it does not say)."""

    body: bytes
    used_weight: int | None


class Pacer:
    """Says how long to wait so that the weight used in any minute stays within our share.

    Times are seconds of one monotonic clock.
    """

    def __init__(self, limit: RestLimit) -> None:
        self._allowed = limit.weight_per_minute * BUDGET_SHARE
        self._spent: list[tuple[float, int]] = []
        self._interval = limit.interval_seconds
        self._not_before = 0.0

    def delay(self, weight: int, now: float) -> float:
        """Seconds to wait before a request of ``weight`` may be sent."""
        self._spent = [(at, spent) for at, spent in self._spent if now - at < 60.0]
        wait = max(0.0, self._not_before - now)
        used = sum(spent for _, spent in self._spent)
        for at, spent in self._spent:
            if used + weight <= self._allowed:
                break
            used -= spent
            wait = max(wait, at + 60.0 - now)
        return wait

    def spend(self, weight: int, now: float) -> None:
        """A request of ``weight`` is being sent."""
        self._spent.append((now, weight))
        self.stay_away(self._interval, now)

    def venue_says(self, used: int, now: float) -> None:
        """The venue counts more than we do (others share our address): wait for its next minute."""
        if used > self._allowed:
            self.stay_away(60.0, now)

    def stay_away(self, seconds: float, now: float) -> None:
        """The venue asked for a pause."""
        self._not_before = max(self._not_before, now + seconds)


class RestClient:
    """Requests to one venue, one at a time, within its budget."""

    def __init__(self, base_url: str, limit: RestLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._base_url = base_url.rstrip("/")
        self._limit = limit
        self._pacer = Pacer(limit)
        self._clock = clock
        self._turn = asyncio.Lock()

    async def get(self, request: RestRequest) -> bytes:
        """The body of the answer. Raises `RestError`; the pace is kept here, retrying is the caller's."""
        async with self._turn:
            while (wait := self._pacer.delay(request.weight, self._clock())) > 0:  # noqa: ASYNC110 - a time, no event
                await asyncio.sleep(wait)
            self._pacer.spend(request.weight, self._clock())
            try:
                answer = await asyncio.to_thread(self._fetch, request)
            except RestError as error:
                if error.retry_after is not None:
                    self._pacer.stay_away(error.retry_after, self._clock())
                raise
        if answer.used_weight is not None:
            self._pacer.venue_says(answer.used_weight, self._clock())
        return answer.body

    def _fetch(self, request: RestRequest) -> Answer:
        url = self._base_url + request.path
        # The scheme is the configuration's, which admits http and https alone.
        headers = {"User-Agent": "daedalus"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        message = urllib.request.Request(url, request.body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(message, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                body = answer.read(MAX_BODY_BYTES + 1)
                if len(body) > MAX_BODY_BYTES:
                    raise RestError(f"{url}: the answer is larger than {MAX_BODY_BYTES >> 20} MiB")
                header = self._limit.used_header
                used = whole_number(answer.headers.get(header, "")) if header is not None else None
                return Answer(body, used)
        except urllib.error.HTTPError as error:
            raise RestError(
                f"{url}: HTTP {error.code} {error.reason}",
                _retry_after(error),
                passing=error.code >= 500 or error.code in _PASSING,
            ) from error
        except (OSError, http.client.HTTPException, ValueError, EOFError) as error:
            # ValueError: an address to which the venue sends us, and a length, that are none.
            reason = getattr(error, "reason", None) or error
            raise RestError(f"{url}: {reason or type(error).__name__}") from error


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    """Seconds to stay away: what the venue says, or a minute where it only says that it is too much."""
    text = error.headers.get("Retry-After", "") if error.headers is not None else ""
    seconds = whole_number(text)
    if seconds is not None:
        return min(float(seconds), LONGEST_PAUSE_SECONDS)
    return 60.0 if error.code in (418, 429) else None
