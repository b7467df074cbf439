"""OKX's channels: how messages become headers and rows.

``data`` is a list, nearly always of one element. All its numbers are strings, except the sequence ids.
Derivatives are counted in contracts, spot in the base currency.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from ...tables.rows import AggTrade, BookUpdate, DerivativeTicker, Level, Liquidation, Row, Trade, quote
from ..model import Data, Header, Ids, joined
from ..reading import Amount, Id
from ..times import epoch_ns

__all__ = ["READERS", "Reader"]

Count = Annotated[int, Meta(ge=1, le=2**31)]
Rate = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Time = int | Literal[""]
Side = Literal["buy", "sell"]
_E = TypeVar("_E")
_M = TypeVar("_M")


class _Data(Struct, Generic[_E], gc=False, kw_only=True):
    data: list[_E]
    action: Literal["snapshot", "update", ""] = ""


class _Any(Struct, gc=False):
    ts: Time = 0


class _TradeIds(Struct, gc=False):
    """``count`` is missing before 2023: each message was one trade."""

    tradeId: Id  # noqa: N815 - the exchange's names
    count: Count = 1
    ts: Time = 0


class _BookIds(Struct, gc=False):
    """The sequence ids are missing before 2022; ``bbo-tbt`` has no previous one."""

    seqId: Id | None = None  # noqa: N815
    prevSeqId: Id | None = None  # noqa: N815
    ts: Time = 0


class _Instrument(Struct, gc=False):
    instId: str  # noqa: N815


class _Trade(Struct, gc=False):
    tradeId: Id  # noqa: N815
    px: Amount
    sz: Amount
    side: Side
    count: Count = 1
    ts: Time = 0


class _Book(Struct):
    """A level is price, amount, a number of old and how many orders stand there."""

    bids: list[tuple[Amount, Amount, Raw, Raw]]
    asks: list[tuple[Amount, Amount, Raw, Raw]]
    seqId: Id | None = None  # noqa: N815
    prevSeqId: Id | None = None  # noqa: N815
    ts: Time = 0


class _Fact(Struct, gc=False):
    """The fields of all channels about a derivative; each sends some. "" stands for no value."""

    fundingRate: Rate | Literal[""] | None = None  # noqa: N815 - the exchange's names
    nextFundingRate: Rate | Literal[""] | None = None  # noqa: N815
    fundingTime: Time = 0  # noqa: N815
    oi: Amount | Literal[""] | None = None
    idxPx: Amount | Literal[""] | None = None  # noqa: N815
    markPx: Amount | Literal[""] | None = None  # noqa: N815
    ts: Time = 0


class _Detail(Struct, gc=False):
    side: Side
    bkPx: Amount  # noqa: N815
    sz: Amount
    ts: Time = 0


class _Liquidation(Struct, gc=False):
    instId: str  # noqa: N815
    details: list[_Detail]


class Reader(Generic[_E, _M]):
    """How one channel's messages become headers and rows."""

    def __init__(
        self,
        channel: str,
        head: type[_E],
        header: Callable[[str, str, _Data[_E]], Header],
        element: type[_M],
        rows: Callable[[str, _Data[_M]], Sequence[Row]],
    ) -> None:
        self.channel = channel
        self._header, self._rows = header, rows
        self._head = msgspec.json.Decoder(_Data[head], strict=False).decode  # type: ignore[valid-type]
        self._message = msgspec.json.Decoder(_Data[element], strict=False).decode  # type: ignore[valid-type]

    def header(self, symbol: str, payload: bytes) -> Header:
        """Read the times and the numbers. Raises one of `UNREADABLE`."""
        return self._header(self.channel, symbol, self._head(payload))

    def rows(self, symbol: str, payload: bytes) -> Sequence[Row]:
        """Read the whole message. Raises one of `UNREADABLE`."""
        return self._rows(symbol, self._message(payload))


def _time(value: Time) -> int | None:
    return epoch_ns(value) if value else None


def _plain_header(channel: str, symbol: str, message: _Data[_Any]) -> Header:
    (first, *_) = message.data
    return Data(channel, symbol, None, _time(first.ts))


def _trades_header(channel: str, symbol: str, message: _Data[_TradeIds]) -> Header:
    """One message is one taker order at one price: the last id of its trades, and their count."""
    return joined(
        [
            Data(channel, symbol, Ids(one.tradeId - one.count + 1, one.tradeId), _time(one.ts))
            for one in sorted(message.data, key=_trade_id)
        ]
    )


def _books_header(channel: str, symbol: str, message: _Data[_BookIds]) -> Header:
    whole = message.action == "snapshot"
    return joined(
        [Data(channel, symbol, _link(one, whole), _time(one.ts), is_snapshot=whole) for one in message.data]
    )


def _link(one: _BookIds, whole: bool) -> Ids | None:
    if one.seqId is None:
        return None
    if whole or one.prevSeqId is None:
        return Ids(one.seqId, one.seqId)
    return Ids(one.seqId, one.seqId, one.prevSeqId)


def _liquidations_header(channel: str, symbol: str, message: _Data[_Instrument]) -> Header:
    """One stream serves all instruments; a message is about those it names."""
    return joined([Data(channel, name) for name in dict.fromkeys(one.instId for one in message.data)])


def _trade_id(trade: _TradeIds | _Trade) -> int:
    return trade.tradeId


def _trade_rows(symbol: str, message: _Data[_Trade]) -> Sequence[Row]:
    return [
        Trade(symbol, _time(one.ts), str(one.tradeId), one.side, one.px, one.sz)
        for one in sorted(message.data, key=_trade_id)
    ]


def _order_rows(symbol: str, message: _Data[_Trade]) -> Sequence[Row]:
    return [
        AggTrade(
            symbol,
            _time(one.ts),
            str(one.tradeId),
            one.side,
            one.px,
            one.sz,
            one.tradeId - one.count + 1,
            one.tradeId,
        )
        for one in sorted(message.data, key=_trade_id)
    ]


def _book_rows(symbol: str, message: _Data[_Book]) -> Sequence[Row]:
    whole = message.action == "snapshot"
    return [
        BookUpdate(
            symbol,
            _time(one.ts),
            whole,
            _levels(one.bids),
            _levels(one.asks),
            one.seqId,
            one.seqId,
            None if whole else one.prevSeqId,
        )
        for one in message.data
    ]


def _levels(side: Sequence[tuple[float, float, Raw, Raw]]) -> list[Level]:
    return [(price, amount) for price, amount, _, _ in side]


def _quote_rows(symbol: str, message: _Data[_Book]) -> Sequence[Row]:
    return [
        row
        for one in message.data
        for row in quote(symbol, _time(one.ts), _top(one.bids), _top(one.asks), one.seqId)
    ]


def _top(side: Sequence[tuple[float, float, Raw, Raw]]) -> tuple[float | None, float | None]:
    return side[0][:2] if side else (None, None)


def _fact_rows(symbol: str, message: _Data[_Fact]) -> Sequence[Row]:
    return [
        DerivativeTicker(
            symbol,
            _time(one.ts),
            _time(one.fundingTime),
            _sent(one.fundingRate),
            _sent(one.nextFundingRate),
            _sent(one.oi),
            index_price=_sent(one.idxPx),
            mark_price=_sent(one.markPx),
        )
        for one in message.data
    ]


def _sent(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


def _liquidation_rows(symbol: str, message: _Data[_Liquidation]) -> Sequence[Row]:
    return [
        Liquidation(one.instId, _time(detail.ts), None, detail.side, detail.bkPx, detail.sz)
        for one in message.data
        for detail in one.details
    ]


_READERS: tuple[Reader[Any, Any], ...] = (
    Reader("trades_all", _TradeIds, _trades_header, _Trade, _trade_rows),
    Reader("trades", _TradeIds, _trades_header, _Trade, _order_rows),
    Reader("books", _BookIds, _books_header, _Book, _book_rows),
    Reader("bbo_tbt", _BookIds, _books_header, _Book, _quote_rows),
    Reader("mark_price", _Any, _plain_header, _Fact, _fact_rows),
    Reader("funding_rate", _Any, _plain_header, _Fact, _fact_rows),
    Reader("open_interest", _Any, _plain_header, _Fact, _fact_rows),
    Reader("index_tickers", _Any, _plain_header, _Fact, _fact_rows),
    Reader("liquidation_orders", _Instrument, _liquidations_header, _Liquidation, _liquidation_rows),
)
READERS = {reader.channel: reader for reader in _READERS}
