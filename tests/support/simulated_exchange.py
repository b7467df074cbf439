"""What clients of a simulated exchange are compared with: its market in plain values.

Then our own connection to it, its answers over REST, and what a client of ccxt tells, in the same values.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Missing, Subscription
from daedalus.simulator import Simulator
from daedalus.simulator.market import Order
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import AggTrade, Instrument, Row, Trade

__all__ = [
    "answer",
    "backfilled",
    "ccxt_sides",
    "ccxt_told",
    "closing",
    "last_diff",
    "levels_at",
    "listed",
    "order_of",
    "payloads",
    "recorded",
    "told",
    "traded",
    "watched",
]

Told = tuple[str, float, float, int]
"""A trade: side, price, amount, time (ms)."""

Sides = list[list[tuple[float, float]]]
"""Bids and asks, the best first."""


# The market


def order_of(simulator: Simulator, trade: int, place: int = 0) -> Order:
    """The order that a trade of the market belongs to."""
    return simulator.market.order(place, simulator.market.order_of_fill(trade))


def traded(simulator: Simulator, trade: int, place: int = 0, lots: int | None = None) -> Told:
    """A trade of the market, of so many ``lots`` if not of its own."""
    order, notation = order_of(simulator, trade, place), Notation.short(simulator.market.instruments[place])
    if lots is None:
        lots = order.fills[trade - order.first].amount
    money = float(notation.price(order.price)), float(notation.amount(lots))
    return "buy" if order.buy else "sell", *money, order.time_ns // 10**6


def levels_at(simulator: Simulator, update: int, depth: int | None = None, place: int = 0) -> Sides:
    """The market's book after an update."""
    notation, book = Notation.short(simulator.market.instruments[place]), simulator.market.books[place]
    return [
        [(float(notation.price(price)), float(notation.amount(amount))) for price, amount in side]
        for side in (book.levels(update) if depth is None else book.levels(update, depth))
    ]


def last_diff(simulator: Simulator, time_ns: int) -> int:
    """The update of the last diff by a time."""
    market = simulator.market
    update = market.update_at(0, market.step_at(time_ns))
    return update - update % market.diff_every


# Our own reading of it


def answer(simulator: Simulator, path: str, step: int | None = None) -> bytes:
    """What the exchange answers over REST after a step of the market, by default the last one sent."""
    step = simulator._feed.step if step is None else step
    return simulator.protocol.rest(HttpRequest.parse(path), step, simulator.market.time_of(step)).body


def listed(simulator: Simulator) -> list[Instrument]:
    """The instruments as our exchange file reads them."""
    exchange = EXCHANGES[simulator.options.exchange]
    found: list[Instrument] = []
    for request in exchange.rest.instruments_requests():
        asked = HttpRequest.parse(request.path)
        asked = HttpRequest(asked.path, asked.query, request.body)
        found += exchange.rest.instruments(simulator.protocol.rest(asked, 10**6, 10**18).body)
    return found


async def recorded(simulator: Simulator, wanted: Sequence[Subscription], count: int) -> list[bytes]:
    """So many messages of each connection that our plan for these streams makes, one after the other."""
    messages: list[bytes] = []
    for plan in EXCHANGES[simulator.options.exchange].requests.plan(wanted, simulator.websocket_url):
        mine: list[bytes] = []
        async with connect(plan.url, compression=None, max_queue=None) as socket:
            for text in (plan.keepalive_text, *(request.text for request in plan.requests)):
                if text is not None:
                    await socket.send(text)
            while len(mine) < count:
                mine.append(await asyncio.wait_for(socket.recv(decode=False), 20))
        messages += mine
    return messages


def backfilled(simulator: Simulator, missing: Missing, step: int | None = None) -> tuple[Data, list[Row]]:
    """What one answer to a backfill gives: its header and its rows."""
    exchange = EXCHANGES[simulator.options.exchange]
    request = exchange.rest.backfill_request(missing)
    assert request is not None
    body = answer(simulator, request.path, step)
    header = exchange.rest.classify_backfill(missing.channel, missing.symbol, body)
    assert isinstance(header, Data)
    return header, list(exchange.rest.normalize_backfill(header, body))


def told(row: Row) -> Told:
    """A trade of ours as `traded` says it."""
    assert isinstance(row, Trade | AggTrade)
    assert row.timestamp is not None
    return row.side, row.price, row.amount, row.timestamp // 10**6


def payloads(simulator: Simulator, belongs: Callable[[str], bool]) -> list[bytes]:
    """What was sent of the streams that belong (`SimulatorOptions.keep_sent`)."""
    return [
        each.payload.encode() if isinstance(each.payload, str) else each.payload
        for each in simulator.sent
        if belongs(each.stream)
    ]


# The reading of others


@asynccontextmanager
async def closing(client: Any) -> AsyncIterator[Any]:
    """A client of ccxt that is closed in the end."""
    try:
        yield client
    finally:
        await client.close()


async def watched(
    client: Any,
    symbol: str,
    count: int,
    number: Callable[[Any], Any] = lambda trade: int(trade["id"]),
    **named: Any,
) -> dict[Any, Any]:
    """At least so many trades that a client of ccxt sees, by their ids."""
    found: dict[Any, Any] = {}
    while len(found) < count:
        for trade in await asyncio.wait_for(client.watch_trades(symbol, **named), 20):
            found[number(trade)] = trade
    return found


def ccxt_told(trade: Any) -> Told:
    """A trade of ccxt as `traded` says it."""
    return trade["side"], trade["price"], trade["amount"], trade["timestamp"]


def ccxt_sides(book: Any) -> Sides:
    """A book of ccxt as `levels_at` says it."""
    return [[tuple(level[:2]) for level in book[side]] for side in ("bids", "asks")]
