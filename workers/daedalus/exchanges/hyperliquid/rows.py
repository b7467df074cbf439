"""Hyperliquid's channels: how messages become headers and rows. Numbers are strings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from ...tables.rows import BookUpdate, DerivativeTicker, Level, Row, Trade, quote
from ..model import Data, Header, Heartbeat, joined
from ..reading import Amount
from ..times import epoch_ns

__all__ = ["READERS", "Reader"]

_SIDES = {"B": "buy", "A": "sell"}
_H = TypeVar("_H")
_M = TypeVar("_M")
_Signed = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]


class _Head(Struct, gc=False):
    coin: str
    time: int = 0


class _Trade(Struct, gc=False):
    """``side`` is the taker's: B(id) bought, A(sk) sold."""

    coin: str
    side: Literal["B", "A"]
    px: Amount
    sz: Amount
    time: int
    tid: int


class _Level(Struct, gc=False):
    px: Amount
    sz: Amount


class _Book(Struct, gc=False):
    coin: str
    levels: tuple[list[_Level], list[_Level]]
    time: int = 0


class _Bbo(Struct, gc=False):
    coin: str
    bbo: list[_Level | None]
    time: int = 0


class _Context(Struct, gc=False):
    """A spot pair has a mark price only."""

    funding: _Signed | None = None
    openInterest: Amount | None = None  # noqa: N815 - the exchange's names
    oraclePx: Amount | None = None  # noqa: N815
    markPx: Amount | None = None  # noqa: N815


class _AssetContext(Struct, gc=False):
    coin: str
    ctx: _Context


class Reader(Generic[_H, _M]):
    """How one channel's messages become headers and rows."""

    def __init__(
        self,
        head: type[_H],
        header: Callable[[str, _H], Header],
        whole: type[_M],
        rows: Callable[[_M], Sequence[Row]],
    ) -> None:
        self._head, self._header = msgspec.json.Decoder(head).decode, header
        self._whole, self._rows = msgspec.json.Decoder(whole, strict=False).decode, rows

    def header(self, channel: str, data: Raw) -> Header:
        """Read coin and time. Raises one of `UNREADABLE`."""
        return self._header(channel, self._head(data))

    def rows(self, data: Raw) -> Sequence[Row]:
        """Read the whole. Raises one of `UNREADABLE`."""
        return self._rows(self._whole(data))


def _coin_header(channel: str, head: _Head) -> Data:
    if not head.coin:
        raise ValueError("no coin")
    return Data(channel, head.coin, None, epoch_ns(head.time))


def _book_header(channel: str, head: _Head) -> Header:
    return msgspec.structs.replace(_coin_header(channel, head), is_snapshot=True)


def _trades_header(channel: str, heads: list[_Head]) -> Header:
    """One header per coin; so far, a message has one."""
    newest = {head.coin: head for head in sorted(heads, key=lambda head: head.time)}
    found = [_coin_header(channel, head) for head in newest.values()]
    return joined(found) if found else Heartbeat()


def _trade_rows(trades: list[_Trade]) -> Sequence[Row]:
    return [
        Trade(each.coin, epoch_ns(each.time), str(each.tid), _SIDES[each.side], each.px, each.sz)
        for each in sorted(trades, key=lambda trade: trade.time)
    ]


def _book_rows(book: _Book) -> Sequence[Row]:
    bids, asks = (_levels(side) for side in book.levels)
    return (BookUpdate(book.coin, epoch_ns(book.time), True, bids, asks),)


def _levels(side: Sequence[_Level]) -> list[Level]:
    return [(each.px, each.sz) for each in side]


def _quote_rows(message: _Bbo) -> Sequence[Row]:
    """Bid and ask; a side without orders is null or left out."""
    if len(message.bbo) > 2:
        raise ValueError(f"{len(message.bbo)} sides of a book")
    bid, ask = ((level.px, level.sz) if level else (None, None) for level in (*message.bbo, None, None)[:2])
    return quote(message.coin, epoch_ns(message.time), bid, ask)


def _context_rows(message: _AssetContext) -> Sequence[Row]:
    """Funding is per hour. Neither its next payment nor the time of the message is sent."""
    context = message.ctx
    return (
        DerivativeTicker(
            message.coin,
            None,
            funding_rate=context.funding,
            open_interest=context.openInterest,
            index_price=context.oraclePx,
            mark_price=context.markPx,
        ),
    )


READERS: dict[str, Reader[Any, Any]] = {
    "trades": Reader(list[_Head], _trades_header, list[_Trade], _trade_rows),
    "l2Book": Reader(_Head, _book_header, _Book, _book_rows),
    "bbo": Reader(_Head, _coin_header, _Bbo, _quote_rows),
    "activeAssetCtx": Reader(_Head, _coin_header, _AssetContext, _context_rows),
}
