"""How Coinbase Exchange's messages are read, by their ``type``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Announcement, Data, Header, Heartbeat, Ids, Malformed, Messages, Reply, Subscription
from ..reading import UNREADABLE, Id, unexpected
from ..times import rfc3339_ns
from .rows import book_row, quote_rows, trade_row

__all__ = ["CoinbaseExchangeMessages"]

_CHANNELS = {
    "match": "matches",
    "last_match": "matches",
    "l2update": "level2_batch",
    "snapshot": "level2_batch",
    "ticker": "ticker",
    "heartbeat": "heartbeat",
    "status": "status",
}
_SUBSCRIBED = {"level2": "level2_batch", "level2_50": "level2_batch"}
"""Channels that the exchange confirms, or once confirmed, under another name than the requested one."""


class _Message(Struct):
    type: str
    product_id: str = ""
    time: str = ""
    trade_id: Id | None = None
    sequence: Id | None = None
    last_trade_id: Id | None = None


class _Subscribed(Struct):
    name: str = ""
    product_ids: list[str] | None = None


class _Reply(Struct):
    channels: list[_Subscribed | str] = []
    message: str = ""
    reason: str = ""


_message = msgspec.json.Decoder(_Message).decode
_reply = msgspec.json.Decoder(_Reply).decode


class CoinbaseExchangeMessages(Messages):
    """Reads a message's type, product, time and ids."""

    def classify(self, payload: bytes) -> Header:
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        kind = message.type
        channel = _CHANNELS.get(kind)
        if channel is None:
            return _reply_header(payload, kind) if kind in ("subscriptions", "error") else unexpected(payload)
        symbol = message.product_id
        if kind == "status":
            return Data(channel)
        if not symbol:
            return Malformed()
        exchange_ns = rfc3339_ns(message.time) if message.time else None
        if channel == "matches":
            number = message.trade_id
            if number is None:
                return Malformed()
            return Data(channel, symbol, Ids(number, number), exchange_ns)
        if kind == "heartbeat":
            number = message.last_trade_id
            last = None if number is None else Announcement("matches", number)
            return Heartbeat(channel, symbol, exchange_ns, last)
        number = message.sequence if kind == "ticker" else None
        return Data(channel, symbol, None if number is None else Ids(number, number), exchange_ns)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; ``status`` has no rows."""
        symbol = header.symbol
        if header.channel == "matches":
            return (trade_row(symbol, payload),)
        if header.channel == "level2_batch":
            return (book_row(symbol, payload),)
        if header.channel == "ticker":
            return quote_rows(symbol, payload)
        return ()


def _is_ours(message: dict[str, Any]) -> bool:
    kind = message.get("type")
    return isinstance(kind, str) and kind in _CHANNELS


def _reply_header(payload: bytes, kind: str) -> Header:
    try:
        reply = _reply(payload)
    except UNREADABLE:
        return Malformed()
    if kind == "error":
        text = ": ".join(part for part in (reply.message, reply.reason) if part)
        return Reply(error=text or "refused without a reason")
    served = []
    for entry in reply.channels:
        if isinstance(entry, str):
            continue
        channel = _SUBSCRIBED.get(entry.name, entry.name)
        symbols = ("",) if channel == "status" else entry.product_ids or ()
        served += [Subscription(channel, symbol) for symbol in symbols]
    return Reply(subscriptions=tuple(served))
