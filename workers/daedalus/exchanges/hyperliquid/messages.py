"""How Hyperliquid's messages are read: ``channel`` is the kind, ``data`` names the coin."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Malformed, Messages, Reply, Subscription
from ..reading import UNREADABLE, unexpected
from .rows import READERS

__all__ = ["HyperliquidMessages"]

_GREETING = b"Websocket connection established."
_PONG = b'{"channel":"pong"}'
_ALIASES = {"activeSpotAssetCtx": "activeAssetCtx"}


class _Message(Struct, gc=False):
    channel: str
    data: Raw = Raw()


class _Named(Struct, gc=False):
    type: str = ""
    coin: str = ""


class _Answer(Struct, gc=False):
    method: str = ""
    subscription: _Named = msgspec.field(default_factory=_Named)


_message = msgspec.json.Decoder(_Message).decode
_answer = msgspec.json.Decoder(_Answer).decode
_named = msgspec.json.Decoder(_Named).decode
_text = msgspec.json.Decoder(str).decode


class HyperliquidMessages(Messages):
    """Reads a message's channel, coin and time."""

    def classify(self, payload: bytes) -> Header:
        if payload in (_PONG, _GREETING):
            return Heartbeat()
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload)
        channel = _ALIASES.get(message.channel, message.channel)
        try:
            if channel in READERS:
                return READERS[channel].header(channel, message.data)
            if channel == "subscriptionResponse":
                answer = _answer(message.data)
                stream = _stream(answer.subscription)
                return Reply(subscriptions=(stream,) if stream and answer.method == "subscribe" else ())
            if channel == "error":
                return _refusal(_text(message.data))
        except UNREADABLE:
            return Malformed()
        return Heartbeat() if channel == "pong" else unexpected(payload)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message: the rows of all its coins."""
        return READERS[header.channel].rows(_message(payload).data)


def _stream(named: _Named) -> Subscription | None:
    channel = _ALIASES.get(named.type, named.type)
    return Subscription(channel, named.coin) if channel in READERS and named.coin else None


def _refusal(text: str) -> Reply:
    """The subscription that an error repeats: ``Already subscribed: {"type":"trades","coin":"BTC"}``."""
    begin = text.find("{")
    try:
        stream = _stream(_named(text[begin:])) if begin >= 0 else None
    except UNREADABLE:
        stream = None
    return Reply(subscriptions=(stream,) if stream else (), error=text or "refused without a reason")
