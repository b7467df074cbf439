"""How Binance is asked for streams: symbols, connections, and the requests.

Streams are called ``<symbol>@<stream>``; unknown ones are acknowledged and stay silent. Source:
binance-spot-api-docs, web-socket-streams.md, "Live Subscribing/Unsubscribing to streams".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["STREAMS", "BinanceDeliveryRequests", "BinanceRequests"]

STREAMS = {
    "trade": "trade",
    "aggTrade": "aggTrade",
    "depth": "depth@100ms",
    "bookTicker": "bookTicker",
    "markPrice": "markPrice@1s",
    "forceOrder": "forceOrder",
}
"""The stream that serves each channel."""
_STREAMS_PER_REQUEST = 200
_OPTION = re.compile(r"-\d{6}-[^-]+-[CP]$")
_COIN_M = re.compile(r"[^_]+USD_(?:PERP|\d{6})")


class BinanceRequests(Requests):
    """One connection per route, or several where the exchange's limit of streams requires it.

    ``routes``: the path that serves each channel, if the market has several paths.
    """

    def __init__(
        self, market: str, streams_per_connection: int, routes: Mapping[str, str] | None = None
    ) -> None:
        self._market = market
        self._streams_per_connection = streams_per_connection
        self._routes = routes or {}

    def symbol(self, text: str) -> str:
        """``btcusdt`` and ``BTCUSDT`` are the same; tables have the upper-case one."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Options, and contracts of another market: BTCUSD_PERP is COIN-M's, BTCUSDT_260327 USD-M's."""
        if _OPTION.search(symbol):
            return f"{symbol} is an option, and options are not recorded. Write for example BTCUSDT."
        home = "binance_delivery" if _COIN_M.fullmatch(symbol) else "binance_futures"
        if "_" in symbol and home != self._market:
            return f"{symbol} is not traded on this market. Write it below {home}."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        by_route: dict[str, list[Subscription]] = {}
        for one in dict.fromkeys(subscriptions):
            by_route.setdefault(self._routes.get(one.channel, ""), []).append(one)
        return [
            ConnectionPlan(
                url=self._combined(url, route),
                requests=tuple(
                    Request(number, _text(asked, number), asked)
                    for number, asked in enumerate(parts_of(part, _STREAMS_PER_REQUEST), 1)
                ),
                subscriptions=part,
                send_interval_seconds=0.25,  # at most 5 messages/s (derivatives: 10), pings included
                lifetime_seconds=24 * 3600.0,
            )
            for route, wanted in by_route.items()
            for part in parts_of(wanted, self._streams_per_connection)
        ]

    def _combined(self, url: str, route: str) -> str:
        """The combined endpoint of a URL that may name the host only, a route, ``/ws`` or ``/stream``."""
        parts = urlsplit(url)
        path = parts.path.rstrip("/").removesuffix("/ws").removesuffix("/stream")
        for each in self._routes.values():
            path = path.removesuffix(each)
        return parts._replace(path=f"{path}{route}/stream").geturl()


class BinanceDeliveryRequests(BinanceRequests):
    """The same for COIN-M, whose symbols all have an underscore."""

    def refuses(self, symbol: str) -> str:
        """What all markets refuse, and pairs."""
        pair = f"{symbol} is a pair, no COIN-M contract. Write for example BTCUSD_PERP."
        return pair if symbol.isalnum() else super().refuses(symbol)


def _text(subscriptions: Sequence[Subscription], number: int) -> str:
    params = [f"{one.symbol.lower()}@{STREAMS[one.channel]}" for one in subscriptions]
    return msgspec.json.encode({"method": "SUBSCRIBE", "params": params, "id": number}).decode()
