"""The market's books as single orders: every level is one order, which is created, changed and deleted.

The order of a level has the same id whenever it reappears. An event's id consists of its time and its
count within that time, and each event names the one before, however long ago that was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from ...market import Market, Step
from ...notation import Notation

__all__ = ["Move", "Orders", "event_id"]

_FIRST_ORDER = 2_046_839_978_000_000


class Move(Struct, frozen=True, gc=False):
    """An event of one order: created, changed or deleted. Price in ticks, amount in lots."""

    event: str
    is_bid: bool
    price: int
    amount: int

    @property
    def order(self) -> int:
        """The order's id."""
        return _FIRST_ORDER + self.price * 2 + self.is_bid


class Orders:
    """The events of the orders of a market's books, step by step."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self.moves = lru_cache(maxsize=64)(self._moves)
        """The events of an update of an instrument (by its place)."""

    def told(self, step: Step) -> Iterator[str]:
        """The messages of a step."""
        moves = self.moves(step.place, step.update)
        if not moves:
            return
        time = step.time_ns // 1000
        before = self._before(step)
        for count, move in enumerate(moves):
            here = event_id(time, count)
            yield self._text(step.place, move, time, here, before)
            before = here

    def _before(self, step: Step) -> str:
        """The id of the last event before a step."""
        number, every = self._market.step_at(step.time_ns), len(self._market.instruments)
        update = step.update
        while True:
            update, number = update - 1, number - every
            moves = self.moves(step.place, update)
            if moves:
                return event_id(self._market.time_of(number) // 1000, len(moves) - 1)

    def _moves(self, place: int, update: int) -> tuple[Move, ...]:
        book = self._market.books[place]
        bids, asks = book.changes(update, update)
        moves: list[Move] = []
        for price in sorted({price for price, _ in (*bids, *asks)}):
            was_bid, is_bid = price <= book.middle(update - 1), price <= book.middle(update)
            before, after = book.amount(price, update - 1), book.amount(price, update)
            stays = was_bid is is_bid and before and after
            if stays and before != after:
                moves.append(Move("changed", is_bid, price, after))
            if before and not stays:
                moves.append(Move("deleted", was_bid, price, before))
            if after and not stays:
                moves.append(Move("created", is_bid, price, after))
        return tuple(moves)

    def _text(self, place: int, move: Move, time: int, here: str, before: str) -> str:
        notation, symbol = self._notations[place], self._market.instruments[place].symbol
        price, amount = notation.price(move.price), notation.amount(move.amount)
        return (
            f'{{"data":{{"id":{move.order},"id_str":"{move.order}","order_type":{0 if move.is_bid else 1},'
            f'"order_subtype":5,"datetime":"{time // 10**6}","microtimestamp":"{time}",'
            f'"amount":{float(amount)},"amount_str":"{amount}","amount_traded":"0",'
            f'"amount_at_create":"{amount}","price":{float(price)},"price_str":"{price}",'
            f'"is_liquidation":false}},"channel":"live_orders_{symbol}","event":"order_{move.event}",'
            f'"event_id":"{here}","pre_event_id":"{before}","order_source":"orderbook"}}'
        )


def event_id(time: int, count: int) -> str:
    """The id of the event with this count (from 0) at a time (UTC, microseconds)."""
    digits = f"{time:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}-{count:04x}-00010{count % 4}000020"
