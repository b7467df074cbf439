"""OKX's answers over REST: trades by their ids, and the list of instruments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Instrument, Listing
from ..listing import listing
from ..reading import Amount, Id
from ..times import epoch_ns

__all__ = ["Fill", "fills", "instruments"]

_TYPES = {"SPOT": "spot", "SWAP": "perpetual", "FUTURES": "future", "OPTION": "option"}


class Fill(Struct, gc=False):
    """One trade of ``history-trades``: a single one, however the stream sums them up."""

    tradeId: Id  # noqa: N815 - the exchange's names
    side: Literal["buy", "sell"]
    px: Amount
    sz: Amount
    ts: int = 0

    @property
    def ns(self) -> int | None:
        """When it happened, UTC ns."""
        return epoch_ns(self.ts)


class _Fills(Struct):
    code: str
    msg: str = ""
    data: list[Fill] = []


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


def fills(body: bytes) -> Sequence[Fill]:
    """The trades of an answer, oldest first (OKX sends the newest first). Raises one of `UNREADABLE`."""
    answer = _fills(body)
    _refuse(answer.code, answer.msg)
    return sorted(answer.data, key=_trade_id)


def instruments(body: bytes) -> Listing:
    """Read an answer of ``public/instruments``. Raises one of `UNREADABLE`."""
    answer = _instruments(body)
    _refuse(answer.code, answer.msg)
    return listing(answer.data, _instrument)


def _refuse(code: str, reason: str) -> None:
    if code != "0":
        raise ValueError(f"okx answers {code}: {reason}")


def _trade_id(fill: Fill) -> int:
    return fill.tradeId


def _instrument(entry: Raw) -> Instrument | None:
    one = _entry(entry)
    if not one.instId:
        return None  # announced without its details
    base, _, quote = (one.uly or one.instId).partition("-")
    size = one.ctVal * (one.ctMult or 1.0) if isinstance(one.ctVal, float) and one.ctVal else None
    # Of others than futures and options the time is that of their delisting.
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
