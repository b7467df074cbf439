"""How Kraken's messages are read: ``channel`` is the kind, each entry of ``data`` has a symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Messages, Reply, Subscription, joined
from ..reading import UNREADABLE, unexpected
from .requests import CHANNELS
from .rows import Item, headers, rows

__all__ = ["KrakenMessages"]

_HEARTBEAT_TEXT = b'{"channel":"heartbeat"}'


class _Result(Struct, gc=False):
    channel: str = ""
    symbol: str = ""


class _Message(Struct, gc=False):
    channel: str = ""
    type: str = ""
    data: list[Item] = []
    method: str = ""
    result: _Result | None = None
    success: bool | None = None
    error: str = ""
    symbol: str = ""
    req_id: int | None = None


_message = msgspec.json.Decoder(_Message).decode


class KrakenMessages(Messages):
    """Reads a message's channel, symbols, time and trade ids."""

    def classify(self, payload: bytes) -> Header:
        if payload == _HEARTBEAT_TEXT:
            return Heartbeat()
        try:
            message = _message(payload)
            channel = message.channel
            if channel in CHANNELS:
                found = headers(channel, message.data, is_snapshot=message.type == "snapshot")
                # A snapshot without entries: no trade was ever made.
                return joined(found) if found else Heartbeat()
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        if channel in ("heartbeat", "status") or message.method in ("ping", "pong"):
            return Heartbeat()
        if message.method and (message.success is not None or message.error):
            return _reply(message)
        return unexpected(payload)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message: the rows of all its symbols."""
        return rows(header.channel, payload)


def _reply(message: _Message) -> Reply:
    if message.success and not message.error:
        result = message.result
        if message.method != "subscribe" or result is None or not result.symbol:
            return Reply()
        return Reply(subscriptions=(Subscription(result.channel, result.symbol),))
    error = message.error or "refused without a reason"
    number = message.req_id
    if message.symbol and number is not None and number >= 0 and number % 10 < len(CHANNELS):
        # The request was for many symbols: only this one is refused.
        return Reply(subscriptions=(Subscription(CHANNELS[number % 10], message.symbol),), error=error)
    return Reply(number, error=error)


def _is_ours(message: dict[str, Any]) -> bool:
    channel = message.get("channel")
    return isinstance(channel, str) and channel in CHANNELS
