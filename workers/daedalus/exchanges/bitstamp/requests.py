"""How Bitstamp is asked for streams."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["BitstampRequests"]

_STREAMS_PER_CONNECTION = 100  # our limit, not the exchange's: a broken link affects that many streams
_HEARTBEAT = '{"event":"bts:heartbeat"}'


class BitstampRequests(Requests):
    """One connection per 100 streams, one request per stream: the exchange accepts no other."""

    def symbol(self, text: str) -> str:
        """``BTCUSD`` and ``btcusd`` are the same; channels and tables have the lower-case one."""
        return text.strip().lower()

    def serves(self, channel: str, symbol: str) -> bool:
        """Only perpetuals have funding; for others the exchange answers "Bad subscription string"."""
        return channel != "funding_rate" or symbol.endswith("-perp")

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        return [
            ConnectionPlan(
                url=url,
                requests=tuple(
                    Request(number, _subscribe(one), (one,)) for number, one in enumerate(part, 1)
                ),
                subscriptions=part,
                send_interval_seconds=0.1,
                lifetime_seconds=90 * 24 * 3600.0,
                keepalive_text=_HEARTBEAT,
                keepalive_seconds=20.0,
                silence_seconds=60.0,
            )
            for part in parts_of(list(dict.fromkeys(subscriptions)), _STREAMS_PER_CONNECTION)
        ]


def _subscribe(one: Subscription) -> str:
    call = {"event": "bts:subscribe", "data": {"channel": f"{one.channel}_{one.symbol}"}}
    return msgspec.json.encode(call).decode()
