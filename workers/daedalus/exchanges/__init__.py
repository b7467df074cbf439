"""What is particular to each venue: one small file per venue, pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Venue
from .binance import Binance
from .coinbase_exchange import CoinbaseExchange

__all__ = ["VENUES"]

VENUES: Mapping[str, Venue] = {venue.name: venue for venue in (Binance(), CoinbaseExchange())}
"""Every venue that can be recorded, by the name it has in the configuration."""
