"""The REST answers of Binance spot and Binance.US.

Source: binance-spot-api-docs, rest-api.md; docs.binance.us, where old trades need a key.
"""

from __future__ import annotations

from typing import ClassVar

from ...market import Fill, Order
from .rest import BinanceRest, Weights

__all__ = ["PLACES", "SpotRest", "UsRest"]

PLACES = 8
"""The number of decimal places of every number that Binance spot writes."""


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
        return super().agg_trade(place, number) | {"M": True}

    def trade(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        return super().trade(place, order, fill) | {"isBestMatch": True}

    def worth(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        instrument = self._market.instruments[place]
        scale = 10 ** (instrument.price_digits + instrument.amount_digits)
        return {"quoteQty": "{}.{:08d}".format(*divmod(order.price * fill.amount * 10**8 // scale, 10**8))}

    def symbol(self, place: int) -> dict[str, object]:
        instrument = self._market.instruments[place]
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
                *self.filters(place),
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
            ],
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }


class UsRest(SpotRest):
    """Binance.US: a smaller budget."""

    weights: ClassVar[Weights] = Weights(
        per_minute=1200,
        depth=((100, 1), (500, 5), (1000, 10), (5000, 50)),
        exchange_info=10,
        trades=1,
        agg_trades=1,
        keyed=frozenset({"historicalTrades"}),
    )
