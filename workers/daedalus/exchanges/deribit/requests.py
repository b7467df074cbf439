"""How Deribit is asked for streams: symbols, connections, and the requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["PATH", "DeribitRequests"]

_STREAMS = {
    "trades": "trades.{}.100ms",
    "book": "book.{}.100ms",
    "quote": "quote.{}",
    "ticker": "ticker.{}.100ms",
}
PATH = "/ws/api/v2"
"""The path of the websocket."""
_DECIMAL = re.compile(r"(?<=\d)D(?=\d)")
_CHANNELS_PER_REQUEST = 500
_BYTES_PER_REQUEST = 32_000  # a message of 32768 is refused
_CONNECTIONS = 30  # of 32 per address; a REST request counts as one too
_HEARTBEAT_SECONDS = 10


class DeribitRequests(Requests):
    """500 streams per connection, more only if there would be too many connections."""

    def symbol(self, text: str) -> str:
        """``btc-perpetual`` is BTC-PERPETUAL; the ``d`` for the point of a strike (0d5) stays lower-case."""
        return _DECIMAL.sub("d", text.strip().upper())

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        wanted = list(dict.fromkeys(subscriptions))
        each = max(_CHANNELS_PER_REQUEST, -(-len(wanted) // _CONNECTIONS))
        return [
            ConnectionPlan(
                url=urlsplit(url)._replace(path=PATH).geturl(),
                requests=tuple(_requests(part)),
                subscriptions=part,
                send_interval_seconds=0.4,  # the credits allow 3.3 subscriptions a second
                silence_seconds=3.0 * _HEARTBEAT_SECONDS,
            )
            for part in parts_of(wanted, each)
        ]

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing again brings a snapshot only after unsubscribing."""
        names = [_stream(subscription)]
        return tuple(_call(0, f"public/{method}", channels=names) for method in ("unsubscribe", "subscribe"))


def _stream(subscription: Subscription) -> str:
    return _STREAMS[subscription.channel].format(subscription.symbol)


def _call(number: int, method: str, **params: object) -> str:
    call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return msgspec.json.encode(call).decode()


def _requests(subscriptions: Sequence[Subscription]) -> Iterator[Request]:
    """Heartbeats first, so that none is missed; then all channels in a few large requests."""
    yield Request(1, _call(1, "public/set_heartbeat", interval=_HEARTBEAT_SECONDS), ())
    part: list[Subscription] = []
    number, size = 2, 0
    for one in subscriptions:
        length = len(_stream(one)) + 3
        if len(part) == _CHANNELS_PER_REQUEST or size + length > _BYTES_PER_REQUEST - 200:
            yield _subscribe(number, part)
            part, number, size = [], number + 1, 0
        part.append(one)
        size += length
    yield _subscribe(number, part)


def _subscribe(number: int, part: Sequence[Subscription]) -> Request:
    names = [_stream(one) for one in part]
    return Request(number, _call(number, "public/subscribe", channels=names), tuple(part))
