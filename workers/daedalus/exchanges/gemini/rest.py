"""Gemini over REST: trades from a time on, and the names of the instruments."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ...tables.rows import Instrument, Listing, Row, Trade
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, Id, unexpected
from ..times import epoch_ns

__all__ = ["GeminiRest"]

_MOST_TRADES = 500  # in one answer
_MILLISECOND = 1_000_000
_PERPETUAL = "perp"
_QUOTES = (
    *("gusd", "rlusd", "usdc", "usdt", "usd", "eur", "gbp", "sgd", "aud", "cad", "hkd"),
    *("btc", "eth", "bch", "ltc", "fil", "sol", "dai", "doge"),
)


class _MissedId(Struct):
    tid: Id


class _Missed(Struct):
    tid: Id
    timestampms: Id
    price: Amount
    amount: Amount
    type: str = ""


_ids = msgspec.json.Decoder(list[_MissedId], strict=False).decode
_trades = msgspec.json.Decoder(list[_Missed], strict=False).decode
_symbols = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name = msgspec.json.Decoder(str).decode


class GeminiRest(Rest):
    """``/v1/trades`` and ``/v1/symbols``."""

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The first 500 trades after a time; the exchange keeps seven days of them."""
        if missing.channel != "trade":
            return None
        after = max(0, missing.from_ns // _MILLISECOND - 1)
        path = f"/v1/trades/{quote(missing.symbol)}?timestamp={after}&limit_trades={_MOST_TRADES}"
        return RestRequest(path, weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """`Data` without ids, if it can be read: the ids of trades prove nothing."""
        if channel != "trade":
            return unexpected(body)
        try:
            _ids(body)
        except UNREADABLE:
            return Malformed()
        return Data("trade", symbol)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode an answer, which has the newest trade first."""
        return [
            Trade(
                header.symbol, epoch_ns(each.timestampms), str(each.tid), each.type, each.price, each.amount
            )
            for each in sorted(_trades(body), key=lambda each: each.tid)
            if each.type in ("buy", "sell")  # auctions and block trades have no taker
        ]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """Names only: details would take one request per instrument."""
        return (RestRequest("/v1/symbols", weight=1),)

    def instruments(self, body: bytes) -> Listing:
        """The instruments, as far as their names describe them."""
        return listing(_symbols(body), _instrument)


def _instrument(entry: msgspec.Raw) -> Instrument:
    name = _name(entry)
    pair = name.removesuffix(_PERPETUAL)
    money = next((each for each in _QUOTES if pair.endswith(each) and pair != each), "")
    base = pair.removesuffix(money) if money else pair
    kind = "spot" if pair == name else "perpetual"
    return Instrument(name, base.upper(), money.upper(), kind)
