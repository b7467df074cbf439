"""Products, currencies and ids, as the feed and REST both describe them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from ...instruments import Instrument
from ...market import Order
from ...noise import mix
from ...notation import Notation

__all__ = ["currency", "order_uuid", "product", "sequence", "time_text"]


def time_text(time_ns: int) -> str:
    """A time (UTC ns) as RFC 3339 with microseconds."""
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def sequence(update: int, part: int = 3) -> int:
    """The sequence number of a message; public channels show only some of a product's messages."""
    return update * 4 + part


def order_uuid(order: Order, part: int) -> str:
    """The id of the taker's order (part 0) or of a maker's order."""
    high, low = mix(order.id, part), mix(order.id, part + 100)
    return str(uuid.UUID(int=(high << 64) | low, version=4))


def product(instrument: Instrument, notation: Notation) -> dict[str, object]:
    """A product as /products and the status channel describe it."""
    return {
        "id": instrument.symbol,
        "base_currency": instrument.base,
        "quote_currency": instrument.quote,
        "quote_increment": notation.price(1),
        "base_increment": notation.amount(1),
        "display_name": f"{instrument.base}/{instrument.quote}",
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "trading_disabled": False,
        "status": "online",
        "status_message": "",
        "fx_stablecoin": False,
        "auction_mode": False,
    }


def currency(name: str) -> dict[str, object]:
    """A currency as /currencies and the status channel describe it."""
    return {
        "id": name,
        "name": name,
        "min_size": "0.00000001",
        "status": "online",
        "message": "",
        "max_precision": "0.00000001",
        "convertible_to": [],
        "details": {"type": "crypto"},
        "default_network": "",
        "supported_networks": [],
        "display_name": name,
    }
