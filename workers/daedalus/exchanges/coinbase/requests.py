"""How Coinbase Advanced Trade is asked for streams."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["CoinbaseRequests"]

_CHANNELS = ("market_trades", "ticker", "level2")
_PRODUCTS_PER_CONNECTION = {False: 50, True: 8}  # without and with books; ours, the exchange names no limit
_USDC_BOOKS = ("USDT-USDC", "EURC-USDC")


class CoinbaseRequests(Requests):
    """Books have their own connections, for 8 products each; other channels share one per 50 products."""

    def symbol(self, text: str) -> str:
        """Products are spelled ``BTC-USD``; ``BTC-USDC`` is another name of the same book."""
        product = text.strip().upper()
        if product.endswith("-USDC") and product not in _USDC_BOOKS:
            return product.removesuffix("C")
        return product

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        wanted = list(dict.fromkeys(subscriptions))
        plans = []
        for books, size in _PRODUCTS_PER_CONNECTION.items():
            mine = [one for one in wanted if (one.channel == "level2") is books]
            for products in parts_of(list(dict.fromkeys(one.symbol for one in mine)), size):
                served = tuple(one for one in mine if one.symbol in products)
                plans.append(
                    ConnectionPlan(
                        url=url,
                        requests=_requests(served),
                        subscriptions=served,
                        silence_seconds=10.0,  # a heartbeat comes every second
                    )
                )
        return plans

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing again brings a whole book (or the latest trades)."""
        products = [subscription.symbol]
        return tuple(_text(kind, subscription.channel, products) for kind in ("unsubscribe", "subscribe"))


def _requests(subscriptions: Sequence[Subscription]) -> tuple[Request, ...]:
    """Heartbeats, and one request per channel: the exchange takes one channel at a time."""
    requests = [Request(1, _text("subscribe", "heartbeats", ()), ())]
    for channel in _CHANNELS:
        part = tuple(one for one in subscriptions if one.channel == channel)
        if part:
            text = _text("subscribe", channel, [one.symbol for one in part])
            requests.append(Request(len(requests) + 1, text, part))
    return tuple(requests)


def _text(kind: str, channel: str, products: Sequence[str]) -> str:
    message: dict[str, object] = {"type": kind}
    if products:
        message["product_ids"] = products
    message["channel"] = channel
    return msgspec.json.encode(message).decode()
