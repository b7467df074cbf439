"""Kraken over REST: trades from a time on, the oldest first, and pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Instrument, Listing, Row, Trade
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, Id
from ..runs import backfill_header
from .requests import OLD_NAMES

__all__ = ["KrakenRest"]

_MARGIN_NS = 2_000_000_000  # clocks differ, and messages are delayed
_SIDES = {"b": "buy", "s": "sell"}
_SECONDS = re.compile(rb"(\d{1,9}|[1-8]\d{9})(?:\.(\d{1,9})\d*)?")
_Trade = tuple[Amount, Amount, Raw, Literal["b", "s"], str, str, Id]


class _Trades(Struct, gc=False):
    result: dict[str, list[_Trade] | str | int]
    error: list[str] = []


class _Pair(Struct, gc=False):
    base: str
    quote: str
    wsname: str = ""
    pair_decimals: int | None = None
    lot_decimals: int | None = None
    tick_size: Amount | None = None
    status: str = ""


class _Pairs(Struct, gc=False):
    result: dict[str, Raw]
    error: list[str] = []


_trades = msgspec.json.Decoder(_Trades, strict=False).decode
_pairs = msgspec.json.Decoder(_Pairs, strict=False).decode
_pair = msgspec.json.Decoder(_Pair, strict=False).decode


class KrakenRest(Rest):
    """``/0/public/Trades`` and ``/0/public/AssetPairs``."""

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """Trades from a time on: the exchange's history goes back to the beginning."""
        if missing.channel != "trade":
            return None
        since = max(0, missing.from_ns - _MARGIN_NS)
        tokenized = "&asset_class=tokenized_asset" if missing.symbol.partition("/")[0].endswith("x") else ""
        return RestRequest(
            f"/0/public/Trades?pair={quote(missing.symbol, safe='')}&since={since}&count=1000"
            f"&assetVersion=1{tokenized}",
            weight=1,
        )

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        try:
            return backfill_header(channel, symbol, (trade[-1] for trade in _trades_of(body)))
        except UNREADABLE:
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        return [
            Trade(header.symbol, _seconds(time), str(number), _SIDES[side], price, amount)
            for price, amount, time, side, _, _, number in sorted(
                _trades_of(body), key=lambda trade: trade[-1]
            )
        ]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """One request for pairs of currencies, one for tokenized stocks."""
        path = "/0/public/AssetPairs?assetVersion=1"
        return RestRequest(path, 1), RestRequest(f"{path}&aclass_base=tokenized_asset", 1)

    def instruments(self, body: bytes) -> Listing:
        """The pairs of an answer, in the websocket's spelling."""
        answer = _pairs(body)
        _refuse(answer.error)
        return listing(answer.result.items(), _instrument)


def _instrument(entry: tuple[str, Raw]) -> Instrument | None:
    key, pair = entry[0], _pair(entry[1])
    base, _, quote = (key if "/" in key else pair.wsname).partition("/")
    if not (base and quote):
        return None  # not on the websocket
    base, quote = OLD_NAMES.get(base, base), OLD_NAMES.get(quote, quote)
    tick = pair.tick_size or _step(pair.pair_decimals)
    active = pair.status in ("", "online")
    return Instrument(f"{base}/{quote}", base, quote, "spot", tick, _step(pair.lot_decimals), active=active)


def _trades_of(body: bytes) -> list[_Trade]:
    answer = _trades(body)
    _refuse(answer.error)
    return [trade for part in answer.result.values() if isinstance(part, list) for trade in part]


def _refuse(errors: Sequence[str]) -> None:
    if errors:
        raise ValueError(f"refused: {', '.join(errors)}")


def _step(decimals: int | None) -> float | None:
    return None if decimals is None else float(f"1e-{decimals}")


def _seconds(number: Raw) -> int | None:
    """Seconds with any number of places, in ns."""
    match = _SECONDS.fullmatch(bytes(number))
    if match is None:
        raise ValueError(f"not a time in seconds: {bytes(number)[:40]!r}")
    ns = int(match[1]) * 10**9 + int((match[2] or b"").ljust(9, b"0"))
    return ns or None
