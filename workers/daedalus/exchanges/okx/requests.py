"""How OKX is asked for streams: symbols, connections, and the requests that begin and end a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["OkxRequests"]

_PATHS = {"trades_all": "/ws/v5/business"}
_PUBLIC = "/ws/v5/public"
_LIQUIDATED = ("SWAP", "FUTURES")
"""The types whose liquidations have a price; each is a stream of its own."""
_SYMBOLS_PER_CONNECTION = 25  # "less than 30" books are recommended
_ARGS_PER_REQUEST = 100  # some 6 KB; all of a connection must stay below 64 KB
_OPTION = re.compile(r"-\d{6}-[^-]+-[CP]$")


class OkxRequests(Requests):
    """Connections per path, each for 25 symbols; streams without a symbol share the first connection."""

    def symbol(self, text: str) -> str:
        """Instruments are spelled ``BTC-USDT``, ``BTC-USDT-SWAP``."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Options, which are listed by underlying alone."""
        if _OPTION.search(symbol):
            return f"{symbol} is an option, and options are not recorded. Write for example BTC-USDT-SWAP."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        wanted = list(dict.fromkeys(_index(one) for one in subscriptions))
        plans = []
        for path in (_PUBLIC, *_PATHS.values()):
            endpoint = urlsplit(url)._replace(path=path, query="").geturl()
            mine = [one for one in wanted if _PATHS.get(one.channel, _PUBLIC) == path]
            plans += [_connection(endpoint, part) for part in _by_symbols(mine)]
        return plans

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Unsubscribe and subscribe: a book then begins with a snapshot. No id, as no request is open."""
        return tuple(_text(op, [subscription]) for op in ("unsubscribe", "subscribe"))


def _index(subscription: Subscription) -> Subscription:
    """The index of a contract is that of its pair."""
    if subscription.channel != "index_tickers":
        return subscription
    pair = "-".join(subscription.symbol.split("-")[:2])
    return Subscription("index_tickers", pair.partition("_")[0])  # BTC-USD_UM-SWAP follows BTC-USD


def _by_symbols(subscriptions: Sequence[Subscription]) -> Iterator[tuple[Subscription, ...]]:
    """The streams of each connection; those of one symbol stay together."""
    symbols = list(dict.fromkeys(one.symbol for one in subscriptions if one.symbol))
    groups = [set(part) for part in parts_of(symbols, _SYMBOLS_PER_CONNECTION)] or [set()]
    groups[0].add("")
    for group in groups:
        if part := tuple(one for one in subscriptions if one.symbol in group):
            yield part


def _connection(endpoint: str, subscriptions: tuple[Subscription, ...]) -> ConnectionPlan:
    return ConnectionPlan(
        url=endpoint,
        requests=tuple(
            Request(number, _text("subscribe", part, number), part)
            for number, part in enumerate(parts_of(subscriptions, _ARGS_PER_REQUEST), 1)
        ),
        subscriptions=subscriptions,
        send_interval_seconds=0.4,
        keepalive_text="ping",
        keepalive_seconds=20.0,  # a connection on which nothing was sent for 30 s is closed
        silence_seconds=60.0,  # each ping is answered
    )


def _text(op: str, subscriptions: Sequence[Subscription], number: int | None = None) -> str:
    """A request. Its id, if it has one, comes back in the answer."""
    message = {"op": op, "args": [arg for one in subscriptions for arg in _args(one)]}
    return msgspec.json.encode(message if number is None else {"id": str(number), **message}).decode()


def _args(subscription: Subscription) -> list[dict[str, str]]:
    channel = subscription.channel.replace("_", "-")
    if subscription.channel == "liquidation_orders":
        return [{"channel": channel, "instType": kind} for kind in _LIQUIDATED]
    return [{"channel": channel, "instId": subscription.symbol}]
