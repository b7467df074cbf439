"""How Bybit's messages are read. They begin with their topic."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Messages, Reply, Subscription
from ..reading import UNREADABLE, unexpected
from .rows import READERS, Reader

__all__ = ["BybitMessages"]

_DEPTHS = ("50", "200", "500", "1000")
_PREFIX = b'{"topic":"'
_PREFIX_LENGTH = len(_PREFIX)
_TOPIC = re.compile(r"topic:([^\s,\"]+)")


class _Other(Struct, gc=False):
    """The fields that distinguish all other messages: replies, data that does not begin with its topic."""

    topic: str = ""
    op: str = ""
    success: bool | None = None
    ret_msg: str | None = None
    req_id: str | None = None


_other = msgspec.json.Decoder(_Other).decode


class BybitMessages(Messages):
    """Reads the messages of these channels, each by its channel's reader in one pass."""

    def __init__(self, channels: Collection[str]) -> None:
        self._channels = channels

    def classify(self, payload: bytes) -> Header:
        try:
            end = payload.find(b'"', _PREFIX_LENGTH)
            found = _begins(payload[:end]) if end > 0 else None
            if found and found[0].channel in self._channels:
                return found[0].header(found[1], payload)
            return self._other_header(payload)
        except UNREADABLE:
            return unexpected(payload, self._is_ours)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; one of trades or liquidations has several rows, oldest first."""
        return READERS[header.channel].rows(header.symbol, payload)

    def _stream(self, topic: str) -> tuple[Reader[Any, Any], str] | None:
        found = _stream(topic)
        return found if found and found[0].channel in self._channels else None

    def _other_header(self, payload: bytes) -> Header:
        other = _other(payload)
        if other.topic:
            found = self._stream(other.topic)
            return found[0].header(found[1], payload) if found else unexpected(payload)
        if other.op == "pong" or (other.op == "ping" and other.success is not False):
            return Heartbeat()
        if other.success is None:
            return unexpected(payload)
        return self._reply(other)

    def _reply(self, other: _Other) -> Reply:
        asked = other.req_id or ""
        number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
        if other.success:
            return Reply(number)
        error = other.ret_msg or "refused without a reason"
        match = _TOPIC.search(error)
        found = self._stream(match[1]) if match else None
        named = (Subscription(found[0].channel, found[1]),) if found else ()
        return Reply(number, named, error)

    def _is_ours(self, message: dict[str, Any]) -> bool:
        topic = message.get("topic")
        return isinstance(topic, str) and bool(self._stream(topic))


def _stream(topic: str) -> tuple[Reader[Any, Any], str] | None:
    """The reader and the symbol of a topic; None if it is not one of ours."""
    channel, _, symbol = topic.partition(".")
    if channel == "orderbook":
        depth, _, symbol = symbol.partition(".")
        channel = "orderbook1" if depth == "1" else "orderbook" if depth in _DEPTHS else ""
    elif channel == "orderbook1":
        channel = ""
    reader = READERS.get(channel)
    return (reader, symbol) if reader and symbol and "." not in symbol else None


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Reader[Any, Any], str] | None:
    """The same for the beginning of a message, up to the end of the topic. Cached: one per stream."""
    if not beginning.startswith(_PREFIX) or b"\\" in beginning:
        return None
    try:
        return _stream(beginning[_PREFIX_LENGTH:].decode())
    except UnicodeDecodeError:
        return None
