"""Funding, open interest, mark and index price of a perpetual contract: functions of market and clock."""

from __future__ import annotations

from msgspec import Struct

from .market import Market, Order
from .noise import mix

__all__ = ["Contract", "contract", "is_liquidation"]

_FUNDING_NS = 8 * 3600 * 10**9
_LIQUIDATIONS_IN = 40


class Contract(Struct, frozen=True):
    """Prices in ticks, open interest in lots, the funding rate in units of 1e-8.

    ``funding_ns``: the next time the rate is paid, UTC ns.
    """

    last: int
    mark: int
    index: int
    open_interest: int
    funding_rate: int
    funding_ns: int


def contract(market: Market, place: int, step: int) -> Contract:
    """The state of a contract after a step of the market."""
    update, now_ns = market.update_at(place, step), market.time_of(step)
    middle = market.books[place].middle(update)
    hour = now_ns // (3600 * 10**9)
    return Contract(
        last=market.order(place, market.last_order(place, step)).price,
        mark=middle,
        index=middle + mix(place, update // 100) % 21 - 10,
        open_interest=10**9 + mix(place, now_ns // 10**9) % 10**6,
        funding_rate=mix(place, hour) % 40_001 - 20_000,
        funding_ns=(now_ns // _FUNDING_NS + 1) * _FUNDING_NS,
    )


def is_liquidation(order: Order) -> bool:
    """Whether the order is a liquidation: one order in 40 is."""
    return order.id % _LIQUIDATIONS_IN == 0
