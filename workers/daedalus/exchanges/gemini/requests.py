"""How Gemini is asked for streams."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["GeminiRequests"]

_STREAMS = {"trade": "trade", "depth": "depth@100ms", "bookTicker": "bookTicker"}
_STREAMS_PER_CONNECTION = 300  # our limit, not the exchange's: a broken link affects that many
_PING_ID = 1_000_000_000
_PING = f'{{"id":{_PING_ID},"method":"ping"}}'


class GeminiRequests(Requests):
    """One request per stream: one unknown name makes the exchange refuse the whole request."""

    def symbol(self, text: str) -> str:
        """``BTCUSD`` and ``btcusd`` are the same; streams and tables have the lower-case one."""
        return text.strip().lower()

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        endpoint = _with_snapshots(url)
        return [
            ConnectionPlan(
                url=endpoint,
                requests=tuple(
                    Request(number, _call(number, "subscribe", one), (one,))
                    for number, one in enumerate(part, 1)
                ),
                subscriptions=part,
                send_interval_seconds=0.05,
                keepalive_text=_PING,
                keepalive_seconds=20.0,
                silence_seconds=60.0,
            )
            for part in parts_of(list(dict.fromkeys(subscriptions)), _STREAMS_PER_CONNECTION)
        ]

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """A new subscription begins with a new snapshot."""
        return tuple(_call(_PING_ID, method, subscription) for method in ("unsubscribe", "subscribe"))


def _with_snapshots(url: str) -> str:
    """The URL with a request for whole books, unless it says something about snapshots itself."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return parts._replace(query=urlencode({"snapshot": "-1"} | query)).geturl()


def _call(number: int, method: str, one: Subscription) -> str:
    call = {"id": number, "method": method, "params": [f"{one.symbol}@{_STREAMS[one.channel]}"]}
    return msgspec.json.encode(call).decode()
