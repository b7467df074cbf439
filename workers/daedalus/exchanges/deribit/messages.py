"""How Deribit's messages are read. Notifications begin with the name of their channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Messages, Reply, Subscription
from ..reading import UNREADABLE, unexpected
from .rows import READERS

__all__ = ["DeribitMessages"]

_INTERVALS = ("100ms", "raw", "agg2")
_PREFIX = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
_PREFIX_LENGTH = len(_PREFIX)
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
    """The fields that distinguish all other messages: replies, heartbeats, notifications in another order."""

    method: str = ""
    params: _Params | None = None
    id: int | str | None = None
    result: Raw = Raw()
    error: _Error | None = None


_other = msgspec.json.Decoder(_Other).decode
_channels = msgspec.json.Decoder(list[str]).decode


class DeribitMessages(Messages):
    """Reads a message by the reader of its channel, in one pass."""

    def classify(self, payload: bytes) -> Header:
        try:
            found = _begins(payload[: payload.find(b'"', _PREFIX_LENGTH)])
            return found[0](found[1], payload) if found else _other_header(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; a trade that liquidates a position also gives a row for that."""
        return READERS[header.channel].rows(header, payload)


def _subscription(name: str) -> Subscription | None:
    """``trades.BTC-PERPETUAL.100ms`` as a subscription; None if it is not one of ours."""
    channel, _, rest = name.partition(".")
    symbol, _, interval = rest.partition(".")
    known = not interval if channel == "quote" else interval in _INTERVALS
    return Subscription(channel, symbol) if known and symbol and channel in READERS else None


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Callable[[str, bytes], Header], str] | None:
    """The reader and the symbol for the beginning of a message, up to the end of its channel's name."""
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
    # The exchange confirms the channels it names and silently refuses the others, which stay unconfirmed and
    # are reported by name.
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
