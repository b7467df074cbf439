"""How Bitfinex is asked for streams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["DEPTH", "BitfinexRequests"]

DEPTH = 250
"""Levels per side: the most that the exchange offers (1, 25, 100, 250)."""
_TIMESTAMP, _SEQ_ALL, _OB_CHECKSUM = 32768, 65536, 131072
_CONF = f'{{"event":"conf","flags":{_TIMESTAMP | _SEQ_ALL | _OB_CHECKSUM}}}'
_FUNDING = re.compile(r"f[A-Z0-9]+")
_CHANNELS_PER_CONNECTION = 25


class BitfinexRequests(Requests):
    """One connection per 25 channels (the exchange's limit); each first asks for numbered messages."""

    def symbol(self, text: str) -> str:
        """``tBTCUSD``, ``tDOGE:USD``, ``tBTCF0:USTF0``: a lower-case t and the pair in capitals."""
        name = text.strip()
        return name if _FUNDING.fullmatch(name) else f"t{name.removeprefix('t').upper()}"

    def refuses(self, symbol: str) -> str:
        """Currencies of funding, whose messages have other fields."""
        if _FUNDING.fullmatch(symbol):
            return f"{symbol} is a currency of funding, and funding is not recorded. Write tBTCUSD."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        endpoint = _endpoint(url)
        return [
            ConnectionPlan(
                url=endpoint,
                requests=(
                    Request(1, _CONF, ()),
                    *(Request(number, _subscribe(one), (one,)) for number, one in enumerate(part, start=2)),
                ),
                subscriptions=part,
                silence_seconds=45.0,  # each channel has a heartbeat every 15 s
            )
            for part in parts_of(list(dict.fromkeys(subscriptions)), _CHANNELS_PER_CONNECTION)
        ]


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/ws/2')}/ws/2").geturl()


def _subscribe(stream: Subscription) -> str:
    message = {"event": "subscribe"}
    if stream.channel == "liq":
        message |= {"channel": "status", "key": "liq:global"}
    elif stream.channel == "deriv":
        message |= {"channel": "status", "key": f"deriv:{stream.symbol}"}
    else:
        message |= {"channel": stream.channel, "symbol": stream.symbol}
    if stream.channel == "book":
        message |= {"prec": "P0", "freq": "F0", "len": str(DEPTH)}
    return msgspec.json.encode(message).decode()
