"""Bitfinex's data: arrays of the channel's number, the body, the message's number and the time.

Bodies are arrays too; the exchange may append fields at any time. ``[6, [...], 10, 1564617600541]``
is a snapshot or a change, ``[6, "te", [...], 11, 1564617600784]`` a trade, ``[6, "hb", 12, 1564617601769]`` a
heartbeat, ``[6, "cs", -890884919, 13, 1564617601780]`` the checksum of a book. The number is missing without
SEQ_ALL, the time without TIMESTAMP; a number is smaller than any time in milliseconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from ...tables.rows import BookUpdate, DerivativeTicker, Level, Liquidation, Row, Trade, quote
from ..model import Data, Header, Heartbeat, Malformed, Unknown
from ..reading import UNREADABLE, Amount, Id, unexpected
from ..times import epoch_ns

__all__ = ["BitfinexTrade", "body_of", "data_header", "rows"]

Signed = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
_FIRST_TIME = 10**12  # ms: the year 2001
_MOST_DIGITS = 15
_LABELS = (b'"te"', b'"tu"', b'"cs"')
_HEARTBEAT_LABEL = b'"hb"'


class BitfinexTrade(Struct, array_like=True, gc=False):
    """A trade, over the stream and over REST."""

    id: Id
    time: int
    amount: Signed
    price: Amount

    def row(self, symbol: str) -> Trade:
        """The sign of the amount is the taker's side."""
        side = "sell" if self.amount < 0 else "buy"
        return Trade(symbol, epoch_ns(self.time), str(self.id), side, self.price, abs(self.amount))


class _Level(Struct, array_like=True, gc=False):
    """Bids have positive amounts, asks negative ones; without orders the level is gone."""

    price: Amount
    count: int
    amount: Signed


class _Ticker(Struct, array_like=True, gc=False):
    bid: Amount | None
    bid_total: Raw
    ask: Amount | None


class _Status(Struct, array_like=True, gc=False):
    """Most fields are empty. ``spot`` is the mid price of the pair that the derivative follows."""

    time: int | None = None
    p1: Raw = Raw()
    middle: Raw = Raw()
    spot: Amount | None = None
    p4: Raw = Raw()
    insurance: Raw = Raw()
    p6: Raw = Raw()
    next_funding: int | None = None
    accrued: Signed | None = None
    step: Raw = Raw()
    p10: Raw = Raw()
    funding: Signed | None = None
    p12: Raw = Raw()
    p13: Raw = Raw()
    mark: Amount | None = None
    p15: Raw = Raw()
    p16: Raw = Raw()
    open_interest: Amount | None = None


class _Position(Struct, array_like=True, gc=False):
    """A liquidation. ``amount`` is the position's: a long one is sold."""

    label: str
    id: Id
    time: float
    p3: Raw
    symbol: str
    amount: Signed
    entry: Raw
    p7: Raw = Raw()
    is_match: Raw = Raw()
    is_sold: Raw = Raw()
    p10: Raw = Raw()
    price: Amount | None = None


_frame = msgspec.json.Decoder(list[Raw]).decode
_trade = msgspec.json.Decoder(BitfinexTrade).decode
_trades = msgspec.json.Decoder(list[BitfinexTrade]).decode
_level = msgspec.json.Decoder(_Level).decode
_levels = msgspec.json.Decoder(list[_Level]).decode
_ticker = msgspec.json.Decoder(_Ticker).decode
_status = msgspec.json.Decoder(_Status).decode
_positions = msgspec.json.Decoder(list[_Position]).decode
_position = msgspec.json.Decoder(_Position).decode


def body_of(payload: bytes) -> tuple[bytes, bytes]:
    """The label of a frame (``te``, ``cs``, "" for none) and its body. Raises one of `UNREADABLE`."""
    parts = _frame(payload)
    if len(parts) < 2:
        raise ValueError("a frame without a body")
    body = bytes(parts[1])
    if not body.startswith(b'"'):
        return b"", body
    return body.strip(b'"'), bytes(parts[2]) if len(parts) > 2 else b""


def data_header(
    payload: bytes,
    stream_of: Callable[[int], tuple[str, str] | None],
    stored: tuple[str, str] | None,
) -> Header:
    """Read a message's number, time and stream: ``stored``, or the stream whose number it names."""
    parts = _frame(payload)
    if len(parts) < 2:
        return unexpected(payload)
    body = bytes(parts[1])
    sequence, exchange_ns = _tail(parts, 3 if body in _LABELS else 2)
    stream = stored or stream_of(_number(bytes(parts[0])) or 0)
    if body == _HEARTBEAT_LABEL:
        channel, symbol = stream or ("", "")
        return Heartbeat(channel, symbol, exchange_ns=exchange_ns, sequence=sequence)
    if stream is None or not (body in _LABELS or body.startswith(b"[")):
        return Unknown(sequence=sequence)
    channel, symbol = stream
    if channel == "liq":
        return _liquidation_header(body, exchange_ns, sequence)
    whole = channel == "book" and (body.startswith(b"[[") or body == b"[]")
    return Data(channel, symbol, None, exchange_ns, sequence=sequence, is_snapshot=whole)


def rows(header: Data, payload: bytes) -> Sequence[Row]:
    """All rows of a message. Raises one of `UNREADABLE`."""
    label, body = body_of(payload)
    symbol, channel, time = header.symbol, header.channel, header.exchange_ns
    if channel == "trades":
        if label:
            return (_trade(body).row(symbol),) if label == b"te" else ()
        return [each.row(symbol) for each in sorted(_trades(body), key=lambda trade: trade.id)]
    if label:
        return ()
    if channel == "book":
        return (_book(symbol, time, _levels(body) if header.is_snapshot else [_level(body)], header),)
    if channel == "ticker":
        top = _ticker(body)
        # The sizes are those of the 25 best levels together: the amount at the touch is not sent.
        return quote(symbol, time, (top.bid, None), (top.ask, None))
    if channel == "deriv":
        return (_derivative(symbol, time, _status(body)),)
    return [_liquidation(each) for each in _closed(body) if each.price is not None]


def _tail(parts: Sequence[Raw], at: int) -> tuple[int | None, int | None]:
    sequence: int | None = None
    for part in parts[at : at + 2]:
        number = _number(bytes(part))
        if number is None:
            break
        if number >= _FIRST_TIME:
            return sequence, epoch_ns(number)
        sequence = number
    return sequence, None


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else None


def _book(symbol: str, time: int | None, levels: Sequence[_Level], header: Data) -> BookUpdate:
    bids: list[Level] = []
    asks: list[Level] = []
    for each in levels:
        side = bids if each.amount > 0 else asks
        side.append((each.price, abs(each.amount) if each.count else 0.0))
    return BookUpdate(symbol, time, header.is_snapshot, bids, asks)


def _derivative(symbol: str, time: int | None, status: _Status) -> DerivativeTicker:
    return DerivativeTicker(
        symbol,
        time if status.time is None else epoch_ns(status.time),
        funding_timestamp=None if status.next_funding is None else epoch_ns(status.next_funding),
        funding_rate=status.funding,
        predicted_funding_rate=status.accrued,
        open_interest=status.open_interest,
        index_price=status.spot,
        mark_price=status.mark,
    )


def _closed(body: bytes) -> list[_Position]:
    return [_position(body)] if body.startswith(b'["') else _positions(body)


def _liquidation_header(body: bytes, exchange_ns: int | None, sequence: int | None) -> Header:
    """One stream serves all symbols: a message is about those that it names."""
    try:
        symbols = list(dict.fromkeys(each.symbol for each in _closed(body))) if body.startswith(b"[") else []
    except UNREADABLE:
        return Malformed(sequence=sequence)
    first, *others = symbols or [""]
    more = tuple(Data("liq", other, exchange_ns=exchange_ns) for other in others)
    return Data("liq", first, exchange_ns=exchange_ns, more=more, sequence=sequence)


def _liquidation(position: _Position) -> Liquidation:
    """A part of a position that was sold or taken over. Announcements have no price and give no row."""
    side = "buy" if position.amount < 0 else "sell"
    time = epoch_ns(int(position.time))
    price = position.price
    assert price is not None
    return Liquidation(position.symbol, time, str(position.id), side, price, abs(position.amount), price)
