"""What Binance is asked on a connection, and how it answers; and what other messages there are.

Source: binance-spot-api-docs, web-socket-streams.md, "Live Subscribing/Unsubscribing to streams".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw, Struct

from ..model import Reply, Request, Subscription

__all__ = ["Other", "read_other", "reply", "requests"]

_STREAMS_PER_REQUEST = 200


class _Error(Struct, gc=False):
    code: int | None = None
    msg: str = ""


class Other(Struct, gc=False):
    """What tells all other messages apart: replies, notices, raw streams' events."""

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


read_other = msgspec.json.Decoder(Other).decode


def requests(subscriptions: Sequence[Subscription], streams: Mapping[str, str]) -> tuple[Request, ...]:
    """The requests for these subscriptions; ``streams`` are the streams' names by channel."""
    asked: list[Request] = []
    for start in range(0, len(subscriptions), _STREAMS_PER_REQUEST):
        part = tuple(subscriptions[start : start + _STREAMS_PER_REQUEST])
        params = [f"{one.symbol.lower()}@{streams[one.channel]}" for one in part]
        number = len(asked) + 1
        text = msgspec.json.encode({"method": "SUBSCRIBE", "params": params, "id": number}).decode()
        asked.append(Request(number, text, part))
    return tuple(asked)


def reply(other: Other) -> Reply:
    """Read the answer to a request."""
    number = other.id if isinstance(other.id, int) else None
    if other.error is None and other.code is None:
        return Reply(number)
    code, message = (other.error.code, other.error.msg) if other.error else (other.code, other.msg)
    return Reply(number, error=f"{message or 'refused'} (code {code})")
