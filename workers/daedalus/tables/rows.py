"""What an exchange's messages say once they are decoded: one type for each kind of row in the tables.

Frozen values. Times are UTC ns, None where the exchange sends none; prices and amounts are the floats
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
"""What `Exchange.normalize` yields; each table says how its rows become columns."""
