"""Bitfinex over REST: trades of a span of time, and the pairs."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from msgspec import Raw

from ...tables.rows import Instrument, Listing, Row
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE
from .rows import BitfinexTrade

__all__ = ["BitfinexRest"]

_MOST_TRADES = 10_000  # in one answer
_MARGIN_NS = 2_000_000_000  # clocks differ, and messages are delayed
_trades = msgspec.json.Decoder(list[BitfinexTrade]).decode
_pairs = msgspec.json.Decoder(list[list[Raw]]).decode
_pair = msgspec.json.Decoder(tuple[str, Raw]).decode


class BitfinexRest(Rest):
    """``/v2/trades`` and ``/v2/conf``."""

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """``GET /v2/trades/<symbol>/hist``, between two milliseconds, the oldest first."""
        if missing.channel != "trades":
            return None
        start = max(0, missing.from_ns - _MARGIN_NS) // 1_000_000
        end = -(-(missing.to_ns + _MARGIN_NS) // 1_000_000)
        symbol = quote(missing.symbol, safe=":")
        return RestRequest(
            f"/v2/trades/{symbol}/hist?limit={_MOST_TRADES}&start={start}&end={end}&sort=1", weight=1
        )

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """`Data` without ids, if it can be read: trade ids skip, and prove nothing."""
        try:
            _trades(body)
        except UNREADABLE:
            return Malformed()
        return Data(channel, symbol)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        return [trade.row(header.symbol) for trade in sorted(_trades(body), key=lambda trade: trade.id)]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The pairs, and the perpetuals."""
        return (RestRequest("/v2/conf/pub:info:pair,pub:info:pair:futures", weight=1),)

    def instruments(self, body: bytes) -> Listing:
        """The pairs of both lists; the steps of price and amount are not sent."""
        return listing((pair for pairs in _pairs(body) for pair in pairs), _instrument)


def _instrument(entry: Raw) -> Instrument:
    pair, _ = _pair(entry)
    base, colon, quote = pair.partition(":")
    if not colon:
        base, quote = pair[:3], pair[3:]
    return Instrument(f"t{pair}", base, quote, "perpetual" if base.endswith("F0") else "spot")
