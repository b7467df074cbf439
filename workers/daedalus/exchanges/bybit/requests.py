"""How Bybit is asked: which connections streams need, and the requests that begin and end them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from ..model import ConnectionPlan, Request, Subscription

__all__ = ["connections", "text"]

_TOPICS = {"orderbook": "orderbook.200", "orderbook1": "orderbook.1"}
_ARGS_PER_REQUEST = 10  # the limit on spot; elsewhere ours, as one wrong topic may cost the whole request
_CHARACTERS_PER_CONNECTION = 21_000
_SYMBOLS_PER_CONNECTION = 50  # ours, not the exchange's: one broken link costs that many


def connections(subscriptions: Sequence[Subscription], url: str, category: str) -> list[ConnectionPlan]:
    """One connection per 50 symbols or 21,000 characters of topics, asked for ten at a time."""
    endpoint = urlsplit(url)._replace(path=f"/v5/public/{category}", query="").geturl()
    return [
        ConnectionPlan(
            url=endpoint,
            requests=tuple(_requests(part)),
            subscriptions=part,
            send_interval_seconds=0.1,
            keepalive_text='{"req_id":"ping","op":"ping"}',
            keepalive_seconds=20.0,
            silence_seconds=60.0,  # each ping is answered
        )
        for part in _parts(list(dict.fromkeys(subscriptions)))
    ]


def text(op: str, subscriptions: Sequence[Subscription], number: int | None = None) -> str:
    """A request, with its id where the answer is to name it: answers do not name their topics."""
    message = {"op": op, "args": [_topic(one) for one in subscriptions]}
    return msgspec.json.encode(message if number is None else {"req_id": str(number), **message}).decode()


def _topic(subscription: Subscription) -> str:
    return f"{_TOPICS.get(subscription.channel, subscription.channel)}.{subscription.symbol}"


def _parts(subscriptions: Sequence[Subscription]) -> Iterator[tuple[Subscription, ...]]:
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


def _requests(subscriptions: Sequence[Subscription]) -> Iterator[Request]:
    for number, start in enumerate(range(0, len(subscriptions), _ARGS_PER_REQUEST), 1):
        part = tuple(subscriptions[start : start + _ARGS_PER_REQUEST])
        yield Request(number, text("subscribe", part, number), part)
