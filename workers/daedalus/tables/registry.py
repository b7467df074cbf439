"""The lake's tables.

Names and meanings follow the tardis.dev CSV conventions. Times are UTC in ns. Prices and amounts are
float64: the nearest to the exchange's digits, so that the shortest form of the float has these digits; raw
keeps them as they came. ``exchange`` and ``date`` (UTC, of ``timestamp``; of ``from_timestamp`` in
``gaps``) are in the path only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .agg_trades import AGG_TRADES
from .book_digests import BOOK_DIGESTS
from .book_updates import BOOK_UPDATES
from .connections import CONNECTIONS
from .derivative_tickers import DERIVATIVE_TICKERS
from .entry import Line
from .exact_values import EXACT_VALUES
from .gaps import GAPS
from .instruments import INSTRUMENTS
from .liquidations import LIQUIDATIONS
from .orders import ORDERS
from .quotes import QUOTES
from .table import Table
from .trades import TRADES

__all__ = ["TABLES", "table_of"]

_ALL = (
    TRADES,
    AGG_TRADES,
    BOOK_UPDATES,
    QUOTES,
    DERIVATIVE_TICKERS,
    LIQUIDATIONS,
    ORDERS,
    BOOK_DIGESTS,
    EXACT_VALUES,
    INSTRUMENTS,
    CONNECTIONS,
    GAPS,
)

TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _ALL})
"""Every table by its name."""

_NAMES: dict[type, str] = {table.row: table.name for table in _ALL}


def table_of(row: Line) -> str:
    """The table in which a row belongs."""
    return _NAMES[type(row)]
