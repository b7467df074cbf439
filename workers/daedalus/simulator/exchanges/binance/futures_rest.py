"""The REST answers of Binance's futures.

Source: developers.binance.com, derivatives, "Market Data Endpoints". Only trades in the book are served;
old ones need a key.
"""

from __future__ import annotations

from typing import ClassVar

from ...market import Fill, Order
from .contracts import (
    agg_id,
    delivery_ms,
    order_of_agg_id,
    outside,
    update_id,
)
from .rest import MILLISECOND, BinanceRest, Weights

__all__ = ["DeliveryRest", "FuturesRest"]

_ONBOARD_MS = 1_569_398_400_000


class FuturesRest(BinanceRest):
    """USD-M. Orders of the market that traded in the book are aggregate trades here, fills are trades."""

    api: ClassVar[str] = "/fapi/v1"
    weights: ClassVar[Weights] = Weights(
        per_minute=2400,
        depth=((50, 2), (100, 5), (500, 10), (1000, 20)),
        exchange_info=1,
        trades=5,
        agg_trades=20,
        keyed=frozenset({"historicalTrades"}),
    )

    def book(self, place: int, update: int, sides: tuple[str, str], step: int) -> str:
        bids, asks = sides
        time = self._market.time_of(step) // MILLISECOND
        return (
            f'{{"lastUpdateId":{update_id(update)},"E":{time},"T":{time},{self._named(place)}'
            f'"bids":{bids},"asks":{asks}}}'
        )

    def shows(self, order: Order) -> bool:
        return outside(order) is None

    def agg_numbers(self, place: int, step: int) -> tuple[int, int]:
        market = self._market
        # an order outside the book has the number of the one before it
        return agg_id(market.first_order(place) + 1), agg_id(market.last_order(place, step))

    def order_of_agg(self, number: int) -> int:
        return order_of_agg_id(number)

    def symbol(self, place: int) -> dict[str, object]:
        instrument, (prices, amounts) = self._market.instruments[place], self.filters(place)
        pair, _, date = instrument.symbol.partition("_")
        return {
            "symbol": instrument.symbol,
            "pair": pair,
            "contractType": "CURRENT_QUARTER" if date.isdecimal() else "PERPETUAL",
            "deliveryDate": delivery_ms(instrument.symbol),
            "onboardDate": _ONBOARD_MS,
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": instrument.base,
            "quoteAsset": instrument.quote,
            "pricePrecision": instrument.price_digits,
            "quantityPrecision": instrument.amount_digits,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": [],
            "triggerProtect": "0.0500",
            "filters": [
                prices,
                amounts,
                amounts | {"filterType": "MARKET_LOT_SIZE"},
                {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            ],
            "orderTypes": ["LIMIT", "MARKET"],
            "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        } | self._terms(place)

    def _named(self, place: int) -> str:
        return ""

    def worth(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        lots = 10 ** self._market.instruments[place].amount_digits
        return {"quoteQty": self._notations[place].price(order.price * fill.amount // lots)}

    def _terms(self, place: int) -> dict[str, object]:
        quote = self._market.instruments[place].quote
        return {"status": "TRADING", "marginAsset": quote}


class DeliveryRest(FuturesRest):
    """COIN-M: amounts are contracts, margin is paid in the base."""

    api: ClassVar[str] = "/dapi/v1"

    def _named(self, place: int) -> str:
        symbol = self._market.instruments[place].symbol
        return f'"symbol":"{symbol}","pair":"{symbol.partition("_")[0]}",'

    def worth(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        ticks = 10 ** self._market.instruments[place].price_digits
        worth = fill.amount * self._contract_size(place) * ticks * 10**8 // order.price
        return {"baseQty": "{}.{:08d}".format(*divmod(worth, 10**8))}

    def _terms(self, place: int) -> dict[str, object]:
        base = self._market.instruments[place].base
        return {
            "contractStatus": "TRADING",
            "marginAsset": base,
            "contractSize": self._contract_size(place),
        }

    def _contract_size(self, place: int) -> int:
        return 100 if self._market.instruments[place].base == "BTC" else 10
