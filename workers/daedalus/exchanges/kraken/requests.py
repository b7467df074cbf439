"""How Kraken is asked for streams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["CHANNELS", "DEPTH", "OLD_NAMES", "KrakenRequests"]

DEPTH = 1000
"""Levels per side: the most that the exchange offers (10, 25, 100, 500 or 1000). A lost message shows in the
ten best levels, whatever the depth; a level that was not requested cannot be recovered."""
OLD_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
"""Names that REST and the first websocket still use."""
CHANNELS = ("trade", "ticker", "book")
"""The order in which they are requested: the snapshots of books, the largest, last."""
_SYMBOLS_PER_CONNECTION = 50  # our limit, the exchange names none: a broken link affects that many
_FUTURES = re.compile(r"[PF][FIV]_")


class KrakenRequests(Requests):
    """One connection per 50 symbols, one request per channel."""

    def symbol(self, text: str) -> str:
        """``BTC/USD``, in capitals except for the x of tokenized stocks (``AAPLx/USD``); XBT is BTC."""
        base, slash, money = text.strip().partition("/")
        if not (base[:-1].isupper() and base.endswith("x")):
            base = base.upper()
        money = money.upper()
        return f"{OLD_NAMES.get(base, base)}{slash}{OLD_NAMES.get(money, money)}"

    def refuses(self, symbol: str) -> str:
        """Contracts (``PF_XBTUSD``), which Kraken Futures trades, an exchange of its own."""
        if _FUTURES.match(symbol):
            return f"{symbol} is of Kraken Futures, which is not recorded. Write a pair, such as BTC/USD."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        wanted = list(dict.fromkeys(subscriptions))
        plans = []
        for symbols in parts_of(list(dict.fromkeys(one.symbol for one in wanted)), _SYMBOLS_PER_CONNECTION):
            mine = tuple(one for one in wanted if one.symbol in symbols)
            plans.append(
                ConnectionPlan(
                    url=_endpoint(url),
                    requests=_requests(mine),
                    subscriptions=mine,
                    silence_seconds=10.0,  # a heartbeat comes in each second without another message
                )
            )
        return plans

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing again brings a whole book (or the last 50 trades)."""
        channel, symbols = subscription.channel, [subscription.symbol]
        return tuple(_text(method, channel, symbols, 0) for method in ("unsubscribe", "subscribe"))


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/v2')}/v2").geturl()


def _requests(subscriptions: Sequence[Subscription]) -> tuple[Request, ...]:
    requests: list[Request] = []
    for channel in CHANNELS:
        part = tuple(one for one in subscriptions if one.channel == channel)
        if part:
            number = _request_id(channel, len(requests) + 1)
            text = _text("subscribe", channel, [one.symbol for one in part], len(requests) + 1)
            requests.append(Request(number, text, part))
    return tuple(requests)


def _text(method: str, channel: str, symbols: Sequence[str], number: int) -> str:
    params: dict[str, object] = {"channel": channel, "symbol": symbols}
    if channel == "book":
        params["depth"] = DEPTH
    if method == "subscribe":
        params["snapshot"] = True
        if channel == "ticker":
            params["event_trigger"] = "bbo"
    message = {"method": method, "params": params, "req_id": _request_id(channel, number)}
    return msgspec.json.encode(message).decode()


def _request_id(channel: str, number: int) -> int:
    """The last digit is the channel: refusals do not name it."""
    return number * 10 + CHANNELS.index(channel)
