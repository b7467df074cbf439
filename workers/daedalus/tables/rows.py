"""What a venue's messages say once they are decoded: one type for each kind of row in the tables.

Frozen values. Times are UTC ns, None where the venue sends none; prices and amounts are the floats
nearest to the venue's digits.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

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

Level = tuple[float, float]
"""Price and amount; an amount of 0 removes the level."""


class Trade(Struct, frozen=True, gc=False):
    """One trade. ``side`` is the taker's, "buy" or "sell"; ``timestamp`` UTC ns or None.

    ``number`` is its place in the venue's consecutive numbering where that is not ``id`` itself.
    """

    symbol: str
    timestamp: int | None
    id: str
    side: str
    price: float
    amount: float
    number: int | None = None


class AggTrade(Struct, frozen=True, gc=False):
    """Trades ``first_id``..``last_id`` of one taker order at one price, reported as one."""

    symbol: str
    timestamp: int | None
    id: str
    side: str
    price: float
    amount: float
    first_id: int
    last_id: int


class BookUpdate(Struct, frozen=True):
    """Levels of one book that changed (or, as a snapshot, all of them), amounts absolute.

    ``previous_id`` is the ``last_id`` of the update that this one follows, where the venue links them
    and skips numbers; the tables do not have it.
    """

    symbol: str
    timestamp: int | None
    is_snapshot: bool
    bids: Sequence[Level]
    asks: Sequence[Level]
    first_id: int | None = None
    last_id: int | None = None
    previous_id: int | None = None


class Quote(Struct, frozen=True, gc=False):
    """The top of a book; a value the venue did not send is None, never 0."""

    symbol: str
    timestamp: int | None
    bid_price: float | None
    bid_amount: float | None
    ask_price: float | None
    ask_amount: float | None
    last_id: int | None = None


def quote(
    symbol: str,
    timestamp: int | None,
    bid: tuple[float | None, float | None],
    ask: tuple[float | None, float | None],
    last_id: int | None = None,
) -> Sequence[Quote]:
    """The row of a message that tells the top of a book, each side as (price, amount); none for no side.

    Venues write an empty side as nothing, as "" (given here as None) or as 0; the row has None.
    """
    bids, asks = _side(*bid), _side(*ask)
    if bids == asks == (None, None):
        return ()
    return (Quote(symbol, timestamp, *bids, *asks, last_id),)


def _side(price: float | None, amount: float | None) -> tuple[float | None, float | None]:
    return (None, None) if price == 0 or amount == 0 else (price, amount)


class DerivativeTicker(Struct, frozen=True, gc=False):
    """What the venue says of a derivative; a value that this message does not tell is None.

    ``funding_rate`` is per funding interval; ``funding_timestamp`` (UTC ns) is when it is paid next.
    ``open_interest`` as the venue counts it (contracts or base).
    """

    symbol: str
    timestamp: int | None
    funding_timestamp: int | None = None
    funding_rate: float | None = None
    predicted_funding_rate: float | None = None
    open_interest: float | None = None
    last_price: float | None = None
    index_price: float | None = None
    mark_price: float | None = None


class Liquidation(Struct, frozen=True, gc=False):
    """A position that was closed by the venue. ``side`` is the liquidation order's: sell ends a long.

    ``price`` is the order's, at which the position is taken over, where the venue tells of orders, and the
    trade's where it tells of trades; ``average_price`` is what was traded at, None where it does not say.
    """

    symbol: str
    timestamp: int | None
    id: str | None
    side: str
    price: float
    amount: float
    average_price: float | None = None


class OrderEvent(Struct, frozen=True, gc=False):
    """One resting order of a book told order by order (L3). ``event``: created, changed or deleted.

    ``side`` is bid or ask; ``last_id`` the venue's number of the event.
    """

    symbol: str
    timestamp: int | None
    id: str
    event: str
    side: str
    price: float
    amount: float
    last_id: int | None = None


class Instrument(Struct, frozen=True):
    """What can be traded, as the venue lists it. ``symbol`` as in the configuration.

    ``type``: spot, perpetual, future or option. ``tick`` and ``lot`` are the steps of price and amount,
    ``contract_size`` the base (or quote, where inverse) of one contract, ``expiry`` UTC ns. None: the
    venue does not say.
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
    """The instruments of one answer. ``unreadable``: how many more entries it had, which cannot be read."""

    unreadable: int = 0


Row = Trade | AggTrade | BookUpdate | Quote | DerivativeTicker | Liquidation | OrderEvent
"""What `Venue.normalize` yields; the tables' schemas say how each becomes columns."""
