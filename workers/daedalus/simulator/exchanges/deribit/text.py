"""What Deribit's feed and its REST answers share."""

from __future__ import annotations

from ...contracts import is_liquidation
from ...instruments import Instrument
from ...market import Fill, Order
from ...notation import Notation

__all__ = ["MILLISECOND", "answer", "liquidation", "notification", "trade", "trade_id"]

MILLISECOND = 10**6

_MAKERS_IN = 60  # one order in so many meets a maker that the exchange liquidates


def trade_id(instrument: Instrument, fill: int) -> str:
    """A trade's id: a number for BTC; for others the currency's name precedes it."""
    return str(fill + 7) if instrument.base == "BTC" else f"{instrument.base}-{fill + 7}"


def liquidation(order: Order) -> str:
    """Whose position is liquidated by an order: the taker's (T), the maker's (M), or "" for none."""
    taker, maker = is_liquidation(order), order.id % _MAKERS_IN == 0
    return ("M" if maker else "") + ("T" if taker else "")


def trade(instrument: Instrument, notation: Notation, order: Order, fill: Fill) -> str:
    """One trade as JSON."""
    price, amount = notation.price(order.price), notation.amount(fill.amount)
    closed = f'"liquidation":"{closed}",' if (closed := liquidation(order)) else ""
    return (
        f'{{"trade_seq":{fill.id},"trade_id":"{trade_id(instrument, fill.id)}",'
        f'"timestamp":{order.time_ns // MILLISECOND},"tick_direction":{0 if order.buy else 2},'
        f'"price":{price},"mark_price":{price},{closed}"instrument_name":"{instrument.symbol}",'
        f'"index_price":{price},"direction":"{"buy" if order.buy else "sell"}",'
        f'"contracts":{amount},"amount":{amount}}}'
    )


def notification(channel: str, data: str) -> str:
    """A message of a channel; ``data`` is JSON."""
    return f'{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"{channel}","data":{data}}}}}'


def answer(kind: str, value: str, number: int | str | None = None) -> str:
    """An answer to a request; ``kind`` is result or error, ``value`` is JSON, ``number`` the request's."""
    known = "" if number is None else f'"id":{number},' if isinstance(number, int) else f'"id":"{number}",'
    return f'{{"jsonrpc":"2.0",{known}"{kind}":{value},"usIn":1,"usOut":2,"usDiff":1,"testnet":false}}'
