"""Hyperliquid over REST: the lists of perpetuals and of spot pairs. Past trades are not offered."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from ...tables.rows import Instrument, Listing
from ..listing import listing
from ..model import Rest, RestRequest
from ..reading import UNREADABLE

__all__ = ["HyperliquidRest"]


class _Perpetual(Struct, gc=False):
    name: str
    szDecimals: Annotated[int, Meta(ge=0, le=18)]  # noqa: N815
    isDelisted: bool = False  # noqa: N815


class _Token(Struct, gc=False):
    name: str
    index: int
    szDecimals: Annotated[int, Meta(ge=0, le=18)]  # noqa: N815


class _Pair(Struct, gc=False):
    name: str
    tokens: tuple[int, int]


class _Meta(Struct, gc=False):
    universe: list[Raw]


class _SpotMeta(Struct, gc=False):
    universe: list[Raw]
    tokens: list[Raw]


_meta = msgspec.json.Decoder(_Meta).decode
_spot_meta = msgspec.json.Decoder(_SpotMeta).decode
_perpetual = msgspec.json.Decoder(_Perpetual).decode
_token = msgspec.json.Decoder(_Token).decode
_pair = msgspec.json.Decoder(_Pair).decode


class HyperliquidRest(Rest):
    """``POST /info``."""

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The exchange's own perpetuals (not those that builders deployed) and spot."""
        return (
            RestRequest("/info", weight=20, body=b'{"type":"meta"}'),
            RestRequest("/info", weight=20, body=b'{"type":"spotMeta"}'),
        )

    def instruments(self, body: bytes) -> Listing:
        """Perpetuals (settled in USDC), or spot pairs. The tick depends on the price: five digits."""
        if b'"tokens"' in body:
            spot = _spot_meta(body)
            tokens = _tokens(spot.tokens)
            return listing(spot.universe, lambda entry: _spot(_pair(entry), tokens))
        return listing(_meta(body).universe, _contract)


def _tokens(entries: Sequence[Raw]) -> dict[int, _Token]:
    """The tokens that can be read, by their number; pairs of other tokens are left out."""
    found: dict[int, _Token] = {}
    for entry in entries:
        with contextlib.suppress(*UNREADABLE):
            token = _token(entry)
            found[token.index] = token
    return found


def _spot(pair: _Pair, tokens: Mapping[int, _Token]) -> Instrument | None:
    base, quoted = tokens.get(pair.tokens[0]), tokens.get(pair.tokens[1])
    if base is None or quoted is None:
        return None
    return Instrument(pair.name, base.name, quoted.name, "spot", lot=_lot(base.szDecimals))


def _contract(entry: Raw) -> Instrument:
    each = _perpetual(entry)
    lot = _lot(each.szDecimals)
    return Instrument(each.name, each.name, "USDC", "perpetual", lot=lot, active=not each.isDelisted)


def _lot(decimals: int) -> float:
    return float(f"1e-{decimals}")
