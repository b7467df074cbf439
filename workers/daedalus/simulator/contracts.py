"""What exchanges tell of a perpetual contract beside its book: made of the market and of the clock alone."""

from __future__ import annotations

from msgspec import Struct

from daedalus.simulator.market import Market, Order
from daedalus.simulator.noise import mix

__all__ = ["Contract", "contract", "is_liquidation"]

_FUNDING_NS = 8 * 3600 * 10**9
_LIQUIDATIONS_IN = 40


class Contract(Struct, frozen=True):
    """Prices in ticks, the open interest in lots, the funding rate in hundred-millionths.

    ``funding_ns`` is when the rate is paid next, UTC ns.
    """

    last: int
    mark: int
    index: int
    open_interest: int
    funding_rate: int
    funding_ns: int


def contract(market: Market, place: int, step: int) -> Contract:
    """The state of a contract once a step of the market has happened."""
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
    """Whether the order is a position that the exchange closes: some are."""
    return order.id % _LIQUIDATIONS_IN == 0
