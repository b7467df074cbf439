"""How Gemini's messages are read, by their fields.

A snapshot (``?snapshot=-1``: the whole book) comes as the first ``depthUpdate`` after subscribing and has
no mark of its own. It is recognized by ``U == u``: it covers everything up to one number, while an update
always leads from one number to a higher one. So no state of the connection is needed, and stored messages
read the same as live ones. A first update with ``U < u`` is an update of an unknown book.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Data, Header, Ids, Malformed, Messages, Reply
from ..reading import UNREADABLE, Id, unexpected
from .rows import ROWS

__all__ = ["GeminiMessages"]

_LARGEST_NS = 2**63 - 1


class _Error(Struct, gc=False):
    code: int | None = None
    msg: str = ""


class _Message(Struct, gc=False):
    e: str = ""
    E: int = 0
    s: str = ""
    U: Id | None = None
    u: Id | None = None
    t: Id | None = None
    id: int | str | None = None
    status: int | None = None
    error: _Error | None = None


_message = msgspec.json.Decoder(_Message).decode


class GeminiMessages(Messages):
    """Reads a message's symbol, time and ids."""

    def classify(self, payload: bytes) -> Header:
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        symbol, first, last = message.s, message.U, message.u
        if not symbol:
            return _reply_header(message, payload)
        time = message.E if 0 < message.E <= _LARGEST_NS else None
        if message.e == "depthUpdate":
            if first is None or last is None or last < first:
                return Malformed()
            if first == last:
                return Data("depth", symbol, Ids(last, last), time, is_snapshot=True)
            return Data("depth", symbol, Ids(first + 1, last, first), time)
        if message.e:
            return unexpected(payload)
        if message.t is not None:
            return Data("trade", symbol, None, time)
        return Data("bookTicker", symbol, None, time) if last is not None else unexpected(payload)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        return ROWS[header.channel](header, payload)


def _reply_header(message: _Message, payload: bytes) -> Header:
    if message.id is None or (message.status is None and message.error is None):
        return unexpected(payload)
    number = message.id if isinstance(message.id, int) else None
    if message.error is None and message.status == 200:
        return Reply(number)
    error = message.error or _Error(message.status)
    text = f"{error.msg or 'refused'} (code {error.code})"
    return Reply(number, error=text)


def _is_ours(message: dict[str, Any]) -> bool:
    symbol = message.get("s")
    return isinstance(symbol, str) and symbol != ""
