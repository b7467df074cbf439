"""How Bitstamp's messages are read: ``event`` is the kind, ``channel`` names channel and symbol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Malformed, Messages, Notice, Reply, Subscription
from ..reading import UNREADABLE, unexpected
from .ids import event_ids, microseconds_ns, time_ids
from .rows import ROWS

__all__ = ["BitstampMessages"]

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


class BitstampMessages(Messages):
    """Reads a message's event, channel, time and ids."""

    def classify(self, payload: bytes) -> Header:
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

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        return ROWS[header.channel](header, payload)


@lru_cache(maxsize=4096)
def _subscription(name: str) -> Subscription | None:
    """``live_trades_btcusd`` as a subscription; None if it is not one of ours."""
    channel, _, symbol = name.rpartition("_")
    return Subscription(channel, symbol) if symbol and channel in ROWS else None


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
