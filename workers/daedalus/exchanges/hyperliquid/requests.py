"""How Hyperliquid is asked for streams."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["HyperliquidRequests"]

_SUBSCRIPTIONS_PER_CONNECTION = 200  # 1000 and ten connections per address leave room for every stream twice


class HyperliquidRequests(Requests):
    """One connection per 200 streams; the exchange serves an address at most 1000 on ten."""

    def symbol(self, text: str) -> str:
        """The exchange's coin: case counts, kPEPE is not KPEPE."""
        return text.strip()

    def refuses(self, symbol: str) -> str:
        """Markets that builders deployed (HIP-3), which are not on the exchange's own lists."""
        if ":" in symbol:
            return f"{symbol} is of a builder's market (HIP-3), which is not recorded. Write for example BTC."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        endpoint = _endpoint(url)
        return [
            ConnectionPlan(
                url=endpoint,
                requests=tuple(
                    Request(number, _ask("subscribe", one), (one,)) for number, one in enumerate(part, 1)
                ),
                subscriptions=part,
                send_interval_seconds=0.1,  # 2000 messages per minute and address
                keepalive_text='{"method":"ping"}',
                silence_seconds=60.0,
            )
            for part in parts_of(list(dict.fromkeys(subscriptions)), _SUBSCRIPTIONS_PER_CONNECTION)
        ]

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing again brings a whole book at once: each message is one."""
        return _ask("unsubscribe", subscription), _ask("subscribe", subscription)


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/ws')}/ws").geturl()


def _ask(method: str, stream: Subscription) -> str:
    subscription = {"type": stream.channel, "coin": stream.symbol}
    return msgspec.json.encode({"method": method, "subscription": subscription}).decode()
