"""The lake's tables.

Names and meanings follow the CSV conventions of tardis.dev. Times are UTC in ns. Prices and amounts are the
float64 nearest to the exchange's digits, so that the float's shortest form shows these digits; raw keeps them
as they came. ``exchange`` and ``date`` (UTC, of ``timestamp``; in ``gaps`` of ``from_timestamp``) are in the
path only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .agg_trades import AGG_TRADES
from .book_digests import BOOK_DIGESTS
from .book_updates import BOOK_UPDATES
from .connections import CONNECTIONS
from .derivative_tickers import DERIVATIVE_TICKERS
from .entry import AnyRow
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


def table_of(row: AnyRow) -> str:
    """The name of a row's table."""
    return _NAMES[type(row)]
