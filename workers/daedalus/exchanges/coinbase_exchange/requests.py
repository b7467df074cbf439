"""How Coinbase Exchange is asked for streams."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["CoinbaseExchangeRequests"]

_ORDER = ("heartbeat", "status", "matches", "ticker", "level2_batch")
"""The order in which channels are requested: the snapshots, megabytes each, come last."""
_PRODUCTS_PER_CONNECTION = 100  # our limit, not the exchange's: a broken link affects that many


class CoinbaseExchangeRequests(Requests):
    """One connection per 100 products, one request per channel, so that a refusal affects one channel."""

    def symbol(self, text: str) -> str:
        """Products are spelled ``BTC-USD``."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Derivatives (``BTC-PERP-INTX``), which this exchange does not trade."""
        return f"{symbol} is a derivative. Write it below coinbase." if symbol.count("-") > 1 else ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        wanted = list(dict.fromkeys(subscriptions))
        products = list(dict.fromkeys(one.symbol for one in wanted if one.channel != "status"))
        plans = []
        for number, group in enumerate(list(parts_of(products, _PRODUCTS_PER_CONNECTION)) or [()]):
            # status has no product; it shares the first connection
            mine = [
                one for one in wanted if (number == 0 if one.channel == "status" else one.symbol in group)
            ]
            if mine:
                plans.append(ConnectionPlan(url=url, requests=_requests(mine), subscriptions=tuple(mine)))
        return plans


def _requests(subscriptions: Sequence[Subscription]) -> tuple[Request, ...]:
    requests: list[Request] = []
    for channel in _ORDER:
        part = tuple(one for one in subscriptions if one.channel == channel)
        if not part:
            continue
        message: dict[str, object] = {"type": "subscribe"}
        if products := [one.symbol for one in part if one.symbol]:
            message["product_ids"] = products
        message["channels"] = [channel]
        requests.append(Request(len(requests) + 1, msgspec.json.encode(message).decode(), part))
    return tuple(requests)
