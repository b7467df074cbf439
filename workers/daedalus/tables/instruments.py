"""The table ``instruments``."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from .table import LOCAL_TIMESTAMP, SYMBOL, TIMESTAMP, Column, Table

__all__ = ["INSTRUMENTS", "Instrument", "Listing"]


class Instrument(Struct, frozen=True):
    """An instrument as the exchange lists it. ``symbol``: as in the configuration.

    ``type``: spot, perpetual, future or option. ``tick`` and ``lot``: the steps of price and amount.
    ``contract_size``: the base (inverse: quote) of one contract. ``expiry``: UTC ns. None: the exchange does
    not say.
    """

    symbol: str
    base: str
    quote: str
    type: str
    tick: float | None = None
    lot: float | None = None
    contract_size: float | None = None
    expiry: int | None = None
    active: bool = True


class Listing(list[Instrument]):
    """The instruments of one answer. ``unreadable``: how many of its entries could not be read."""

    unreadable: int = 0


INSTRUMENTS = Table(
    "instruments",
    Instrument,
    "Instruments as the exchange listed them, once a day.",
    (
        replace(SYMBOL, encoding="plain"),  # each once
        TIMESTAMP,
        LOCAL_TIMESTAMP,
        Column("base", "string", "what is traded", required=True, encoding="dictionary"),
        Column("quote", "string", "what it is paid with", required=True, encoding="dictionary"),
        Column(
            "type",
            "string",
            "`spot`, `perpetual`, `future` or `option`",
            required=True,
            encoding="dictionary",
        ),
        Column("tick", "float64", "the step of prices", encoding="dictionary"),
        Column("lot", "float64", "the step of amounts", encoding="dictionary"),
        Column("contract_size", "float64", "base (inverse: quote) of one contract", encoding="dictionary"),
        Column("expiry", "time", "null where it has none", encoding="delta"),
        Column("active", "bool", "whether it can be traded", required=True, encoding="dictionary"),
    ),
)
