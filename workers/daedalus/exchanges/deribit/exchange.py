"""Deribit: perpetuals, futures, options and spot over JSON-RPC, all of it provable.

Protocol: docs.deribit.com. Trades have consecutive numbers per instrument (``trade_seq``), a change of a
book names the one before (``prev_change_id``), and its snapshot comes on the stream. Without a key changes
are summed up over 100 ms; the ``raw`` channels of whoever has one are read just the same. The exchange sends
a heartbeat if asked to, and wants to be answered when it sends a ``test_request``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Listing, Row
from ..model import (
    Channel,
    ConnectionPlan,
    Data,
    Exchange,
    Header,
    Heartbeat,
    History,
    Malformed,
    Missing,
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from .messages import READERS, missed_header, missed_rows
from .rest import instruments

__all__ = ["Deribit"]

_STREAMS = {
    "trades": "trades.{}.100ms",
    "book": "book.{}.100ms",
    "quote": "quote.{}",
    "ticker": "ticker.{}.100ms",
}
_INTERVALS = ("100ms", "raw", "agg2")
_PATH = "/ws/api/v2"
_PREFIX = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
_PREFIX_LENGTH = len(_PREFIX)
_DECIMAL = re.compile(r"(?<=\d)D(?=\d)")

_CHANNELS_PER_REQUEST = 500
_BYTES_PER_REQUEST = 32_000  # a message of 32768 is refused
_CONNECTIONS = 30  # of 32 per address; a REST request is one, too
_HEARTBEAT_SECONDS = 10
_MOST_TRADES = 1000

_TEST = Heartbeat(answer='{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}')


class _Params(Struct):
    channel: str = ""
    type: str = ""


class _Reason(Struct):
    reason: str = ""
    param: str = ""


class _Error(Struct):
    code: int | None = None
    message: str = ""
    data: _Reason | str | None = None


class _Other(Struct):
    """What tells all other messages apart: replies, heartbeats, notifications in another order."""

    method: str = ""
    params: _Params | None = None
    id: int | str | None = None
    result: Raw = Raw()
    error: _Error | None = None


_other = msgspec.json.Decoder(_Other).decode
_channels = msgspec.json.Decoder(list[str]).decode


class Deribit(Exchange):
    """Deribit, market data only; no key needed."""

    name: ClassVar[str] = "deribit"
    websocket_url: ClassVar[str] = f"wss://www.deribit.com{_PATH}"
    rest_url: ClassVar[str] = "https://www.deribit.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=300, interval_seconds=0.2)
    connect_interval_seconds: ClassVar[float] = 1.0
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trades": Channel("trades", Proof.IDS, history=History.IDS),
            "book": Channel("book_updates", Proof.CHAIN, snapshot="stream"),
            "quote": Channel("quotes"),
            "ticker": Channel("derivative_tickers"),
        }
    )

    def symbol(self, text: str) -> str:
        """``btc-perpetual`` is BTC-PERPETUAL; the ``d`` for a point in a strike price (0d5) stays small."""
        return _DECIMAL.sub("d", text.strip().upper())

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """500 streams per connection, more only where the connections would become too many."""
        wanted = list(dict.fromkeys(subscriptions))
        each = max(_CHANNELS_PER_REQUEST, -(-len(wanted) // _CONNECTIONS))
        return [
            ConnectionPlan(
                url=urlsplit(url)._replace(path=_PATH).geturl(),
                requests=tuple(_requests(wanted[start : start + each])),
                subscriptions=tuple(wanted[start : start + each]),
                send_interval_seconds=0.4,  # the credits allow 3.3 subscriptions a second
                silence_seconds=3.0 * _HEARTBEAT_SECONDS,
            )
            for start in range(0, len(wanted), each)
        ]

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Who subscribes again without having unsubscribed gets no snapshot."""
        names = [_stream(subscription)]
        return tuple(_call(0, f"public/{method}", channels=names) for method in ("unsubscribe", "subscribe"))

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """Trades by their numbers; the exchange keeps them at hand for a day."""
        if missing.channel != "trades" or missing.first is None or missing.last is None:
            return None
        last = min(missing.last, missing.first + _MOST_TRADES - 1)
        path = "/api/v2/public/get_last_trades_by_instrument"
        asked = f"start_seq={missing.first}&end_seq={last}&count={_MOST_TRADES}&sorting=asc"
        return RestRequest(f"{path}?instrument_name={quote(missing.symbol)}&{asked}", weight=1)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """All currencies and kinds in one answer, those that have expired left out."""
        return (RestRequest("/api/v2/public/get_instruments?currency=any&expired=false", weight=60),)

    def classify(self, payload: bytes) -> Header:
        """Read a message: the name of its channel says which ids to look for, one pass finds them."""
        try:
            found = _begins(payload[: payload.find(b'"', _PREFIX_LENGTH)])
            return found[0](found[1], payload) if found else _other_header(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """The numbers in an answer; an error is none."""
        try:
            return missed_header(symbol, body) if channel == "trades" else unexpected(body)
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; trades that liquidate somebody give a row for that, too."""
        return READERS[header.channel].rows(header, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode trades that were missed."""
        return missed_rows(header, body)

    def instruments(self, body: bytes) -> Listing:
        """Combos count as what they are made of: futures or options."""
        return instruments(body)


def _stream(subscription: Subscription) -> str:
    return _STREAMS[subscription.channel].format(subscription.symbol)


def _call(number: int, method: str, **params: object) -> str:
    call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return msgspec.json.encode(call).decode()


def _requests(subscriptions: Sequence[Subscription]) -> Iterator[Request]:
    """First the wish for heartbeats, so that none is missed; then all channels in a few large requests."""
    yield Request(1, _call(1, "public/set_heartbeat", interval=_HEARTBEAT_SECONDS), ())
    part: list[Subscription] = []
    number, size = 2, 0
    for one in subscriptions:
        length = len(_stream(one)) + 3
        if len(part) == _CHANNELS_PER_REQUEST or size + length > _BYTES_PER_REQUEST - 200:
            yield _subscribe(number, part)
            part, number, size = [], number + 1, 0
        part.append(one)
        size += length
    yield _subscribe(number, part)


def _subscribe(number: int, part: Sequence[Subscription]) -> Request:
    names = [_stream(one) for one in part]
    return Request(number, _call(number, "public/subscribe", channels=names), tuple(part))


def _subscription(name: str) -> Subscription | None:
    """``trades.BTC-PERPETUAL.100ms`` as a subscription; None where it is none of ours."""
    channel, _, rest = name.partition(".")
    symbol, _, interval = rest.partition(".")
    known = not interval if channel == "quote" else interval in _INTERVALS
    return Subscription(channel, symbol) if known and symbol and channel in _STREAMS else None


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Callable[[str, bytes], Header], str] | None:
    """The header's reader and the symbol, for how a message begins, up to the end of its channel's name."""
    if not beginning.startswith(_PREFIX) or b"\\" in beginning:
        return None
    try:
        one = _subscription(beginning[_PREFIX_LENGTH:].decode())
    except UnicodeDecodeError:
        return None
    return (READERS[one.channel].header, one.symbol) if one else None


def _other_header(payload: bytes) -> Header:
    other = _other(payload)
    params = other.params or _Params()
    if other.method == "heartbeat":
        return _TEST if params.type == "test_request" else Heartbeat()
    if other.method == "subscription":
        one = _subscription(params.channel)
        return READERS[one.channel].header(one.symbol, payload) if one else unexpected(payload)
    number = other.id if isinstance(other.id, int) else None
    if other.error is not None:
        return Reply(number, error=_words(other.error))
    result = bytes(other.result)
    if not result:
        return unexpected(payload)
    if not result.startswith(b"["):
        return Reply(number)
    # What was asked for and is not named here was refused, without a word: only the named are confirmed,
    # whatever the request, so that the others stay unconfirmed and are reported by their names.
    served = (_subscription(name) for name in _channels(result))
    return Reply(subscriptions=tuple(one for one in served if one))


def _words(error: _Error) -> str:
    data = error.data
    reason = f"{data.param} {data.reason}".strip() if isinstance(data, _Reason) else data or ""
    text = ": ".join(part for part in (error.message, reason) if part)
    return f"{text or 'refused'} (code {error.code})"


def _is_ours(message: dict[str, Any]) -> bool:
    params = message.get("params")
    name = params.get("channel") if isinstance(params, dict) else None
    return isinstance(name, str) and _subscription(name) is not None
