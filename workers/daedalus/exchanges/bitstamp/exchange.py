"""Bitstamp: trades and changed levels without any proof, and orders one by one, each naming the one before.

Protocol: www.bitstamp.net/websocket/v2 and /api. ``diff_order_book`` carries nothing but its time: what is
lost there cannot be seen, and the book over REST, with which it begins, lags by a second or more.
``live_orders`` is the channel to record where completeness matters: every event names its predecessor. It
costs some 260 messages of 530 bytes a second for btcusd (12 GB a day before compression), where
``diff_order_book`` takes a few. Its book begins empty, for no snapshot fits it: the one over REST has orders
that the stream never takes back. An order is to be removed by its id: a deletion may name another price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

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
    Notice,
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from .ids import event_ids, microseconds_ns, time_ids
from .messages import ROWS, instruments, missed_header, missed_rows, snapshot_header, snapshot_rows

__all__ = ["Bitstamp"]

_EVENTS = {
    "trade": "live_trades",
    "data": "diff_order_book",
    "order_created": "live_orders",
    "order_changed": "live_orders",
    "order_deleted": "live_orders",
    "funding_rate_saved": "funding_rate",
}
_SUBSCRIBED = "bts:subscription_succeeded"
_UNSUBSCRIBED = "bts:unsubscription_succeeded"

_STREAMS_PER_CONNECTION = 100  # ours, not the exchange's: one broken link costs that many streams

_HALF_AN_HOUR_NS = 1_800_000_000_000  # the rest of the hour is for a request that comes late

_HEARTBEAT = '{"event":"bts:heartbeat"}'
_FIXED: dict[str, Header] = {"bts:heartbeat": Heartbeat(), "bts:request_reconnect": Notice()}


class _Data(Struct, gc=False):
    microtimestamp: str = ""
    timestamp: str = ""
    code: int | str | None = None
    message: str = ""


class _Message(Struct, gc=False):
    event: str
    channel: str = ""
    data: _Data | str | None = None
    event_id: str = ""
    pre_event_id: str = ""


_message = msgspec.json.Decoder(_Message).decode
_NOTHING = _Data()


class Bitstamp(Exchange):
    """Bitstamp spot and perpetuals, market data only; no key needed."""

    name: ClassVar[str] = "bitstamp"
    websocket_url: ClassVar[str] = "wss://ws.bitstamp.net"
    rest_url: ClassVar[str] = "https://www.bitstamp.net"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=600)  # of 10,000 in ten minutes
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "live_trades": Channel("trades", history=History.TIME),
            "diff_order_book": Channel("book_updates", snapshot="rest"),
            "live_orders": Channel(
                "orders",
                proof=Proof.CHAIN,
                lossy="orders that rested in the book before the connection are not told",
            ),
            "funding_rate": Channel("derivative_tickers"),
        }
    )

    def symbol(self, text: str) -> str:
        """``BTCUSD`` and ``btcusd`` are the same; channels and tables have the lower-case one."""
        return text.strip().lower()

    def serves(self, channel: str, symbol: str) -> bool:
        """Only perpetuals have funding; for others the exchange answers "Bad subscription string"."""
        return channel != "funding_rate" or symbol.endswith("-perp")

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 100 streams, one request per stream: the exchange knows no others."""
        wanted = list(dict.fromkeys(subscriptions))
        return [
            ConnectionPlan(
                url=url,
                requests=tuple(
                    Request(number, _call("subscribe", one), (one,))
                    for number, one in enumerate(wanted[start : start + _STREAMS_PER_CONNECTION], 1)
                ),
                subscriptions=tuple(wanted[start : start + _STREAMS_PER_CONNECTION]),
                send_interval_seconds=0.1,
                lifetime_seconds=90 * 24 * 3600.0,
                keepalive_text=_HEARTBEAT,
                keepalive_seconds=20.0,
                silence_seconds=60.0,
            )
            for start in range(0, len(wanted), _STREAMS_PER_CONNECTION)
        ]

    def snapshot_request(self, symbol: str) -> RestRequest:
        """The whole book, orders of one price added up."""
        return RestRequest(f"/api/v2/order_book/{quote(symbol)}/?group=1", weight=1)

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """All trades of the last hour, or of the last day where the gap is longer than half an hour.

        One can only ask for what lies between then and now; what is older than a day is gone.
        """
        if missing.channel != "live_trades":
            return None
        time = "hour" if missing.to_ns - missing.from_ns <= _HALF_AN_HOUR_NS else "day"
        return RestRequest(f"/api/v2/transactions/{quote(missing.symbol)}/?time={time}", weight=1)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """All markets in one answer."""
        return (RestRequest("/api/v2/markets/", weight=1),)

    def classify(self, payload: bytes) -> Header:
        """Read a message's event, channel, time and ids."""
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        event = message.event
        channel = _EVENTS.get(event)
        if channel is None:
            return _FIXED.get(event) or _reply_header(message, payload)
        one = _subscription(message.channel)
        if one is None or one.channel != channel:
            return unexpected(payload)
        data = message.data
        if not isinstance(data, _Data):
            return Malformed()
        time = microseconds_ns(data.microtimestamp) or microseconds_ns(data.timestamp + "000000")
        ids = None
        if channel == "live_orders":
            ids = event_ids(message.event_id, message.pre_event_id)
        elif channel == "diff_order_book":
            ids = time_ids(data.microtimestamp)
        return Data(channel, one.symbol, ids, time)

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """A snapshot has its time for an id, just as the changes have."""
        try:
            return snapshot_header(symbol, body)
        except UNREADABLE:
            return Malformed()

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Trades have no numbers to look for: DATA, if they can be read."""
        if channel != "live_trades":
            return unexpected(body)
        try:
            return missed_header(channel, symbol, body)
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message, or the body of a snapshot over REST."""
        try:
            return ROWS[header.channel](header, payload)
        except msgspec.ValidationError:
            if header.channel != "diff_order_book":
                raise
            return snapshot_rows(header, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode trades that were missed; over REST their times are whole seconds."""
        return missed_rows(header, body)

    def instruments(self, body: bytes) -> Listing:
        """All markets, with the steps of price and amount."""
        return instruments(body)


def _call(what: str, one: Subscription) -> str:
    call = {"event": f"bts:{what}", "data": {"channel": f"{one.channel}_{one.symbol}"}}
    return msgspec.json.encode(call).decode()


@lru_cache(maxsize=4096)
def _subscription(name: str) -> Subscription | None:
    """``live_trades_btcusd`` as a subscription; None where it is none of ours."""
    channel, _, symbol = name.rpartition("_")
    return Subscription(channel, symbol) if symbol and channel in Bitstamp.channels else None


def _reply_header(message: _Message, payload: bytes) -> Header:
    one = _subscription(message.channel)
    named = (one,) if one else ()
    if message.event == _SUBSCRIBED:
        return Reply(subscriptions=named)
    if message.event == _UNSUBSCRIBED:
        return Reply()
    if message.event == "bts:error":
        data = message.data if isinstance(message.data, _Data) else _NOTHING
        code = "" if data.code is None else f" (code {data.code})"
        return Reply(subscriptions=named, error=f"{data.message or 'refused'}{code}")
    return unexpected(payload)


def _is_ours(message: dict[str, Any]) -> bool:
    event = message.get("event")
    return isinstance(event, str) and event in _EVENTS
