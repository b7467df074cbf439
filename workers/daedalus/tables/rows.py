"""The row types of decoded messages, one for each table; importing them does not import Arrow.

Frozen values. Times are UTC ns, None if the exchange sends none; prices and amounts are the floats
nearest to the exchange's digits.
"""

from __future__ import annotations

from .agg_trades import AggTrade
from .book_updates import BookUpdate, Level
from .derivative_tickers import DerivativeTicker
from .instruments import Instrument, Listing
from .liquidations import Liquidation
from .orders import OrderEvent
from .quotes import Quote, quote
from .trades import Trade

__all__ = [
    "AggTrade",
    "BookUpdate",
    "DerivativeTicker",
    "Instrument",
    "Level",
    "Liquidation",
    "Listing",
    "OrderEvent",
    "Quote",
    "Row",
    "Trade",
    "quote",
]

Row = Trade | AggTrade | BookUpdate | Quote | DerivativeTicker | Liquidation | OrderEvent
"""What `Messages.normalize` yields."""
