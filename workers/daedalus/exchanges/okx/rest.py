"""OKX over REST: trades by their ids, and the list of instruments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import AggTrade, Instrument, Listing, Row, Trade
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, Id
from ..runs import backfill_header
from ..times import epoch_ns

__all__ = ["OkxRest"]

_MOST_TRADES = 100  # in one answer
_TYPES = {"SPOT": "spot", "SWAP": "perpetual", "FUTURES": "future", "OPTION": "option"}


class _Fill(Struct, gc=False):
    """One trade of ``history-trades``: a single trade, also where the stream sums them up."""

    tradeId: Id  # noqa: N815 - the exchange's names
    side: Literal["buy", "sell"]
    px: Amount
    sz: Amount
    ts: int = 0


class _Fills(Struct):
    code: str
    msg: str = ""
    data: list[_Fill] = []


class _Instrument(Struct):
    instId: str  # noqa: N815
    instType: str = ""  # noqa: N815
    baseCcy: str = ""  # noqa: N815
    quoteCcy: str = ""  # noqa: N815
    uly: str = ""
    state: str = ""
    tickSz: Amount | Literal[""] | None = None  # noqa: N815
    lotSz: Amount | Literal[""] | None = None  # noqa: N815
    ctVal: Amount | Literal[""] | None = None  # noqa: N815
    ctMult: Amount | Literal[""] | None = None  # noqa: N815
    expTime: int | Literal[""] = 0  # noqa: N815


class _Instruments(Struct):
    code: str
    msg: str = ""
    data: list[Raw] = []


_fills = msgspec.json.Decoder(_Fills, strict=False).decode
_instruments = msgspec.json.Decoder(_Instruments, strict=False).decode
_entry = msgspec.json.Decoder(_Instrument, strict=False).decode


class OkxRest(Rest):
    """``history-trades`` and ``public/instruments``."""

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The oldest 100 of the missing ids; ``after`` an id means smaller ones. Three months are kept."""
        if missing.channel not in ("trades", "trades_all") or missing.first is None or missing.last is None:
            return None
        count = min(missing.last - missing.first + 1, _MOST_TRADES)
        query = f"instId={quote(missing.symbol)}&type=1&after={missing.first + count}&limit={count}"
        return RestRequest(path=f"/api/v5/market/history-trades?{query}", weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the ids of the answer's trades, which are single trades."""
        try:
            return backfill_header(channel, symbol, [one.tradeId for one in _fills_of(body)])
        except UNREADABLE:
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode the trades of an answer; on the summed up channel a single trade is a sum of one."""
        symbol = header.symbol
        if header.channel == "trades":
            return [
                AggTrade(
                    symbol,
                    epoch_ns(one.ts),
                    str(one.tradeId),
                    one.side,
                    one.px,
                    one.sz,
                    one.tradeId,
                    one.tradeId,
                )
                for one in _fills_of(body)
            ]
        return [
            Trade(symbol, epoch_ns(one.ts), str(one.tradeId), one.side, one.px, one.sz)
            for one in _fills_of(body)
        ]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """One list per type, without options, which are listed by underlying alone."""
        return tuple(
            RestRequest(path=f"/api/v5/public/instruments?instType={kind}", weight=1)
            for kind in ("SPOT", "SWAP", "FUTURES")
        )

    def instruments(self, body: bytes) -> Listing:
        answer = _instruments(body)
        _refuse(answer.code, answer.msg)
        return listing(answer.data, _instrument)


def _fills_of(body: bytes) -> Sequence[_Fill]:
    """The trades of an answer, oldest first; OKX sends the newest first. Raises one of `UNREADABLE`."""
    answer = _fills(body)
    _refuse(answer.code, answer.msg)
    return sorted(answer.data, key=_trade_id)


def _refuse(code: str, reason: str) -> None:
    if code != "0":
        raise ValueError(f"okx answers {code}: {reason}")


def _trade_id(fill: _Fill) -> int:
    return fill.tradeId


def _instrument(entry: Raw) -> Instrument | None:
    one = _entry(entry)
    if not one.instId:
        return None  # announced without its details
    base, _, quote = (one.uly or one.instId).partition("-")
    size = one.ctVal * (one.ctMult or 1.0) if isinstance(one.ctVal, float) and one.ctVal else None
    # For other types the time is that of their delisting.
    dated = one.instType in ("FUTURES", "OPTION")
    return Instrument(
        one.instId,
        one.baseCcy or base,
        one.quoteCcy or quote.partition("-")[0],
        _TYPES.get(one.instType, one.instType.lower()),
        tick=one.tickSz or None,
        lot=one.lotSz or None,
        contract_size=size,
        expiry=epoch_ns(one.expTime or 0) if dated else None,
        active=one.state == "live",
    )
