"""How OKX's messages are read. They begin with ``arg``, which names channel and instrument."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Messages, Notice, Reply, Subscription
from ..reading import UNREADABLE, unexpected
from .rows import READERS, Reader

__all__ = ["OkxMessages"]

_PREFIX = b'{"arg":{'
_REFUSED = re.compile(r"channel:(?P<channel>[\w-]+),(?:instId:(?P<symbol>\S+?)|instType:\w+)(?: |,|$)")


class _Arg(Struct):
    channel: str = ""
    instId: str = ""  # noqa: N815 - the exchange's names
    instType: str = ""  # noqa: N815


class _Beginning(Struct):
    arg: _Arg


class _Other(Struct, gc=False):
    """The fields that distinguish all other messages: replies, notices, data in another order."""

    event: str = ""
    arg: _Arg | None = None
    id: str | None = None
    code: str | None = None
    msg: str | None = None


_beginning = msgspec.json.Decoder(_Beginning).decode
_other = msgspec.json.Decoder(_Other).decode


class OkxMessages(Messages):
    """Reads a message by the reader of its channel, in one pass."""

    def classify(self, payload: bytes) -> Header:
        try:
            found = _begins(payload[: payload.find(b"}") + 1])
            return found[0].header(found[1], payload) if found else _other_header(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; one of liquidations has rows of all symbols that its header names."""
        return READERS[header.channel].rows(header.symbol, payload)


def _channel(word: str) -> str | None:
    """Our spelling of the exchange's name of a channel; None if it is not one of ours."""
    name = word.replace("-", "_")
    return name if name in READERS else None


def _stream(arg: _Arg) -> tuple[Reader[Any, Any], str] | None:
    """The reader and the symbol of a stream; None if it is not one of ours."""
    channel = _channel(arg.channel)
    if channel is None or not (arg.instId or channel == "liquidation_orders"):
        return None
    return READERS[channel], arg.instId


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Reader[Any, Any], str] | None:
    """The same for the beginning of a message, up to the end of ``arg``. Cached: one per stream."""
    if not beginning.startswith(_PREFIX):
        return None
    try:
        return _stream(_beginning(beginning + b"}").arg)
    except UNREADABLE:
        return None


def _other_header(payload: bytes) -> Header:
    if payload == b"pong":
        return Heartbeat()
    other = _other(payload)
    if other.event == "notice":
        return Notice()
    if other.event == "error":
        return _refusal(other)
    if other.event in ("subscribe", "unsubscribe"):
        named = _named(other.arg) if other.event == "subscribe" else ()
        return Reply(subscriptions=named)
    found = _stream(other.arg) if other.arg and not other.event else None
    return found[0].header(found[1], payload) if found else unexpected(payload)


def _named(arg: _Arg | None) -> tuple[Subscription, ...]:
    channel = _channel(arg.channel) if arg else None
    return (Subscription(channel, arg.instId),) if arg and channel else ()


def _refusal(other: _Other) -> Reply:
    """An error names its request. If it names a stream too, only that stream was refused."""
    error = f"{other.msg or 'refused without a reason'} (code {other.code})"
    match = _REFUSED.search(other.msg or "")
    if match and (channel := _channel(match["channel"])):
        return Reply(subscriptions=(Subscription(channel, match["symbol"] or ""),), error=error)
    text = other.id or ""
    return Reply(int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None, (), error)


def _is_ours(message: dict[str, Any]) -> bool:
    arg = message.get("arg")
    word = arg.get("channel") if isinstance(arg, dict) and "data" in message else None
    return isinstance(word, str) and bool(_channel(word))
