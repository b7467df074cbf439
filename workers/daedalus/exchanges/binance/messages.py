"""How Binance's messages are read. Those of a combined stream begin with its name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Row
from ..model import Data, Header, Messages, Notice, Reply
from ..reading import UNREADABLE, unexpected
from .requests import STREAMS
from .rows import READERS, force_order_symbol

__all__ = ["BinanceMessages"]

_CHANNELS = (
    {stream: channel for channel, stream in STREAMS.items()}
    | dict.fromkeys(("depth", "depth@0ms", "depth@250ms", "depth@500ms", "depth@1000ms"), "depth")
    | dict.fromkeys(("markPrice", "markPrice@3s"), "markPrice")
)
_EVENTS = {
    "trade": "trade",
    "aggTrade": "aggTrade",
    "depthUpdate": "depth",
    "bookTicker": "bookTicker",
    "markPriceUpdate": "markPrice",
    "forceOrder": "forceOrder",
}
_PREFIX = b'{"stream":"'
_PREFIX_LENGTH = len(_PREFIX)
_SHUTDOWN = "serverShutdown"
_Found = tuple[Callable[[str, bytes], Header], str]
"""The header's reader and the symbol of a stream."""


class _Error(Struct, gc=False):
    code: int | None = None
    msg: str = ""


class _Other(Struct, gc=False):
    """The fields that distinguish all other messages: replies, notices, events of raw streams."""

    stream: str = ""
    e: str = ""
    s: str = ""
    u: int | None = None
    B: Raw = Raw()
    A: Raw = Raw()
    result: Raw = Raw()
    error: _Error | None = None
    code: int | None = None
    msg: str = ""
    id: int | str | None = None


_other = msgspec.json.Decoder(_Other).decode


class BinanceMessages(Messages):
    """Reads the messages of these channels: the stream's name selects the reader, one pass does the rest."""

    def __init__(self, channels: Collection[str]) -> None:
        self._channels = channels
        # Messages begin with the name of their stream, which is parsed once.
        self._begins = lru_cache(maxsize=8192)(self._stream_of_beginning)

    def classify(self, payload: bytes) -> Header:
        try:
            found = self._begins(payload[: payload.find(b'"', _PREFIX_LENGTH)])
            return found[0](found[1], payload) if found else self._other_header(payload)
        except UNREADABLE:
            return unexpected(payload, self._is_ours)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message of a combined stream or of a raw one."""
        return READERS[header.channel].rows(header.symbol, payload)

    def _stream(self, name: str) -> _Found | None:
        """The reader and the symbol of a stream; None if it is not one of ours."""
        symbol, _, stream = name.partition("@")
        channel = _CHANNELS.get(stream)
        if channel is None or channel not in self._channels or not symbol:
            return None
        return READERS[channel].header, symbol.upper()

    def _stream_of_beginning(self, beginning: bytes) -> _Found | None:
        """`_stream` for the beginning of a message, up to the end of the name."""
        if not beginning.startswith(_PREFIX) or b"\\" in beginning:
            return None
        try:
            return self._stream(beginning[_PREFIX_LENGTH:].decode())
        except UnicodeDecodeError:
            return None

    def _other_header(self, payload: bytes) -> Header:
        other = _other(payload)
        if other.e == _SHUTDOWN or other.stream.lstrip("!") == _SHUTDOWN:
            return Notice()
        if other.stream:
            found = self._stream(other.stream)
            return found[0](found[1], payload) if found else unexpected(payload)
        if other.error or other.code is not None or bytes(other.result):
            return _reply(other)
        channel = _EVENTS.get(other.e)
        if not other.e and other.u is not None and bytes(other.B) and bytes(other.A):
            channel = "bookTicker"  # the one raw stream (of spot) whose events do not name themselves
        symbol = force_order_symbol(payload) if channel == "forceOrder" else other.s
        if channel is None or channel not in self._channels or not symbol:
            return unexpected(payload)
        return READERS[channel].header(symbol.upper(), payload)

    def _is_ours(self, message: dict[str, Any]) -> bool:
        stream, event = message.get("stream"), message.get("e")
        return (isinstance(event, str) and _EVENTS.get(event) in self._channels) or (
            isinstance(stream, str) and bool(self._stream(stream))
        )


def _reply(other: _Other) -> Reply:
    number = other.id if isinstance(other.id, int) else None
    if other.error is None and other.code is None:
        return Reply(number)
    code, message = (other.error.code, other.error.msg) if other.error else (other.code, other.msg)
    return Reply(number, error=f"{message or 'refused'} (code {code})")
