"""The REST answers of Binance spot and Binance.US.

Source: binance-spot-api-docs, rest-api.md; docs.binance.us, where old trades need a key.
"""

from __future__ import annotations

from typing import ClassVar

from daedalus.simulator.exchanges.binance.rest import MILLISECOND, BinanceRest, Weights
from daedalus.simulator.market import Fill, Order

__all__ = ["PLACES", "SpotRest", "UsRest"]

PLACES = 8
"""Binance writes every number with so many digits behind the point."""


class SpotRest(BinanceRest):
    """Orders of the market are aggregate trades here, fills are trades."""

    api: ClassVar[str] = "/api/v3"
    weights: ClassVar[Weights] = Weights(
        per_minute=6000,
        depth=((100, 5), (500, 25), (1000, 50), (5000, 250)),
        exchange_info=20,
        trades=25,
        agg_trades=4,
    )

    def book(self, place: int, update: int, sides: tuple[str, str], step: int) -> str:
        bids, asks = sides
        return f'{{"lastUpdateId":{update},"bids":{bids},"asks":{asks}}}'

    def agg_trade(self, place: int, number: int) -> dict[str, object]:
        order, notation = self._market.order(place, number), self._notations[place]
        return {
            "a": number,
            "p": notation.price(order.price),
            "q": notation.amount(order.amount),
            "f": order.first,
            "l": order.last,
            "T": order.time_ns // MILLISECOND,
            "m": not order.buy,
            "M": True,
        }

    def trade(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        notation, instrument = self._notations[place], self._market.instruments[place]
        scale = 10 ** (instrument.price_digits + instrument.amount_digits)
        return {
            "id": fill.id,
            "price": notation.price(order.price),
            "qty": notation.amount(fill.amount),
            "quoteQty": "{}.{:08d}".format(*divmod(order.price * fill.amount * 10**8 // scale, 10**8)),
            "time": order.time_ns // MILLISECOND,
            "isBuyerMaker": not order.buy,
            "isBestMatch": True,
        }

    def symbol(self, place: int) -> dict[str, object]:
        instrument, notation = self._market.instruments[place], self._notations[place]
        tick, lot = notation.price(1), notation.amount(1)
        many = notation.amount(10 ** (instrument.amount_digits + 4))
        return {
            "symbol": instrument.symbol,
            "status": "TRADING",
            "baseAsset": instrument.base,
            "baseAssetPrecision": PLACES,
            "quoteAsset": instrument.quote,
            "quotePrecision": PLACES,
            "quoteAssetPrecision": PLACES,
            "baseCommissionPrecision": PLACES,
            "quoteCommissionPrecision": PLACES,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "icebergAllowed": True,
            "ocoAllowed": True,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": True,
            "cancelReplaceAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": tick,
                    "maxPrice": notation.price(instrument.start_ticks * 100),
                    "tickSize": tick,
                },
                {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": many, "stepSize": lot},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
            ],
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }


class UsRest(SpotRest):
    """The same with a smaller budget."""

    weights: ClassVar[Weights] = Weights(
        per_minute=1200,
        depth=((100, 1), (500, 5), (1000, 10), (5000, 50)),
        exchange_info=10,
        trades=1,
        agg_trades=1,
        keyed=frozenset({"historicalTrades"}),
    )
