"""How Bybit is asked for streams: symbols, connections, and the requests that begin and end a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Requests, Subscription, parts_of

__all__ = ["BybitRequests", "BybitSpotRequests"]

_TOPICS = {"orderbook": "orderbook.200", "orderbook1": "orderbook.1"}
_ARGS_PER_REQUEST = 10  # the limit on spot; elsewhere ours, as one wrong topic may cost the whole request
_CHARACTERS_PER_CONNECTION = 21_000
_SYMBOLS_PER_CONNECTION = 50  # our limit, not the exchange's: a broken link affects that many
_OPTION = re.compile(r"-[CP](?:-[A-Z]+)?$")
_DATED = re.compile(r"-\d")
_COIN = re.compile(r"[A-Z]{1,4}")  # a contract also names the currency it is paid in
_INVERSE = re.compile(r"[0-9A-Z]+USD(?:[FGHJKMNQUVXZ]\d\d)?")


class BybitRequests(Requests):
    """One connection per 50 symbols or 21,000 characters of topics, ten topics per request."""

    def __init__(self, category: str) -> None:
        self._category = category

    def symbol(self, text: str) -> str:
        """``BTCUSDT``, ``BTCPERP``, ``BTC-27DEC24``; a spot pair and a perpetual share their name."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Options, also the coin alone, which stands for their trades, and inverse contracts."""
        if _OPTION.search(symbol) or _COIN.fullmatch(symbol):
            return f"{symbol} is of options, and options are not recorded. Write for example BTCUSDT."
        if _INVERSE.fullmatch(symbol):
            return f"{symbol} is an inverse contract, and these are not recorded. Write for example BTCUSDT."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        endpoint = urlsplit(url)._replace(path=f"/v5/public/{self._category}", query="").geturl()
        return [
            ConnectionPlan(
                url=endpoint,
                requests=tuple(
                    Request(number, _text("subscribe", asked, number), asked)
                    for number, asked in enumerate(parts_of(part, _ARGS_PER_REQUEST), 1)
                ),
                subscriptions=part,
                send_interval_seconds=0.1,
                keepalive_text='{"req_id":"ping","op":"ping"}',
                keepalive_seconds=20.0,
                silence_seconds=60.0,  # each ping is answered
            )
            for part in _by_symbols(list(dict.fromkeys(subscriptions)))
        ]

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Unsubscribe and subscribe: a book then begins with a snapshot. No id, as no request is open."""
        return tuple(_text(op, [subscription]) for op in ("unsubscribe", "subscribe"))


class BybitSpotRequests(BybitRequests):
    """The same for pairs of spot."""

    def refuses(self, symbol: str) -> str:
        """Contracts with a date, and options: a pair has no dash."""
        return (
            f"{symbol} is a contract, no pair of spot. Write it below bybit." if _DATED.search(symbol) else ""
        )


def _text(op: str, subscriptions: Sequence[Subscription], number: int | None = None) -> str:
    """A request. Its id, if it has one, comes back in the answer, which does not name the topics."""
    message = {"op": op, "args": [_topic(one) for one in subscriptions]}
    return msgspec.json.encode(message if number is None else {"req_id": str(number), **message}).decode()


def _topic(subscription: Subscription) -> str:
    return f"{_TOPICS.get(subscription.channel, subscription.channel)}.{subscription.symbol}"


def _by_symbols(subscriptions: Sequence[Subscription]) -> Iterator[tuple[Subscription, ...]]:
    """The streams of each connection; those of one symbol stay together."""
    by_symbol: dict[str, list[Subscription]] = {}
    for one in subscriptions:
        by_symbol.setdefault(one.symbol, []).append(one)
    part: list[Subscription] = []
    symbols = characters = 0
    for streams in by_symbol.values():
        length = sum(len(_topic(one)) + 3 for one in streams)  # with quotes and comma
        if part and (symbols == _SYMBOLS_PER_CONNECTION or characters + length > _CHARACTERS_PER_CONNECTION):
            yield tuple(part)
            part, symbols, characters = [], 0, 0
        part += streams
        symbols, characters = symbols + 1, characters + length
    if part:
        yield tuple(part)
