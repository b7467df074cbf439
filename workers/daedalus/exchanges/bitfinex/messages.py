"""How Bitfinex's messages are read.

Data names its channel by a number, which the connection assigns in the answer to the subscription. So reading
a message takes the earlier ones of its connection.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Messages, Notice, Reply, Subscription
from ..reading import UNREADABLE, unexpected
from .rows import body_of, data_header, rows

__all__ = ["BitfinexMessages", "BitfinexReader"]

_RECONNECT, _MAINTENANCE, _MAINTENANCE_OVER = 20051, 20060, 20061
_NOTICES = (_RECONNECT, _MAINTENANCE, _MAINTENANCE_OVER)


class _Event(Struct, gc=False):
    event: str
    channel: str = ""
    symbol: str = ""
    key: str = ""
    chanId: int | None = None  # noqa: N815 - the exchange's name
    status: str = ""
    code: int | None = None
    msg: str = ""


_event = msgspec.json.Decoder(_Event).decode


class BitfinexMessages(Messages):
    """Reads the messages of one connection, or of one stream that was stored."""

    def classify(self, payload: bytes) -> Header:
        """Read a message without the earlier ones: the stream of data is then unknown."""
        return BitfinexReader()(payload)

    def reader(self) -> BitfinexReader:
        return BitfinexReader()

    def classify_stored(self, channel: str, symbol: str, payload: bytes) -> Header:
        return BitfinexReader(stored=(channel, symbol))(payload)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message. Each trade comes twice (te, then tu): the first gives the row."""
        return rows(header, payload)

    def identity(self, header: Data, payload: bytes) -> bytes:
        """The body and its time, because a level may change back; without the connection's numbers."""
        label, body = body_of(payload)
        return b"%s %s %d" % (
            label,
            body,
            0 if header.channel in ("deriv", "liq") else header.exchange_ns or 0,
        )


class BitfinexReader:
    """Reads the messages of one connection; ``stored``: the stream that all of them belong to."""

    def __init__(self, stored: tuple[str, str] | None = None) -> None:
        self._stored = stored
        self._streams: dict[int, tuple[str, str]] = {}

    def __call__(self, payload: bytes) -> Header:
        """Read what a message is. Never raises."""
        try:
            if payload[:1] == b"[":
                return data_header(payload, self._streams.get, self._stored)
            return self._event(payload)
        except UNREADABLE:
            return unexpected(payload)

    def _event(self, payload: bytes) -> Header:
        event = _event(payload)
        kind = event.event
        if kind == "subscribed":
            stream = _stream(event)
            if stream is None or event.chanId is None:
                return unexpected(payload)
            self._streams[event.chanId] = stream
            return Reply(subscriptions=(Subscription(*stream),))
        if kind == "unsubscribed":
            self._streams.pop(event.chanId or 0, None)
            return Reply()
        if kind == "conf" and event.status == "OK":
            return Reply(request_id=1)
        if kind in ("error", "conf"):
            return _refusal(event)
        if kind == "info":
            return Notice() if event.code in _NOTICES else Heartbeat()
        return Heartbeat() if kind == "pong" else unexpected(payload)


def _stream(event: _Event) -> tuple[str, str] | None:
    """The stream that an answer names; None if it is not one of ours."""
    if event.channel in ("trades", "book", "ticker") and event.symbol:
        return event.channel, event.symbol
    if event.channel == "status":
        kind, _, symbol = event.key.partition(":")
        if kind == "liq":
            return kind, ""
        if kind == "deriv" and symbol:
            return kind, symbol
    return None


def _refusal(event: _Event) -> Reply:
    stream = _stream(event)
    named = (Subscription(*stream),) if stream else ()
    code = "" if event.code is None else f" (code {event.code})"
    return Reply(subscriptions=named, error=f"{event.msg or 'refused without a reason'}{code}")
