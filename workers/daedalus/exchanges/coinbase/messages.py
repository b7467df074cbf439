"""How Coinbase Advanced Trade's messages are read.

All share an envelope: ``channel``, ``timestamp``, ``sequence_num`` and ``events``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...tables.rows import Row
from ..model import Data, Header, Heartbeat, Messages, Reply, Subscription, Unknown, joined
from ..reading import UNREADABLE, unexpected
from .rows import Envelope, headers, rows

__all__ = ["CoinbaseMessages"]

_CHANNELS = {"market_trades": "market_trades", "ticker": "ticker", "l2_data": "level2"}
"""Our name of each channel with market data, by the exchange's name."""
_envelope = msgspec.json.Decoder(Envelope, strict=False).decode


class CoinbaseMessages(Messages):
    """Reads a message's channel, products, number, time and trade ids."""

    def classify(self, payload: bytes) -> Header:
        try:
            message = _envelope(payload)
            if channel := _CHANNELS.get(message.channel):
                found = headers(channel, message)
                return joined(found) if found else Heartbeat(sequence=message.sequence_num)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        if message.channel == "heartbeats":
            return Heartbeat(sequence=message.sequence_num)
        if message.channel == "subscriptions":
            return _served(message)
        if message.type == "error":
            error = message.message or "refused without a reason"
            return Reply(error=error, sequence=message.sequence_num)
        header = unexpected(payload)
        if message.sequence_num is None or not isinstance(header, Unknown):
            return header
        return Unknown(sequence=message.sequence_num)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message: the rows of all its products."""
        return rows(header.channel, payload)

    def identity(self, header: Data, payload: bytes) -> bytes:
        """The events: number and time in front of them are the connection's."""
        start = payload.find(b'"events"')
        return payload[start:] if start >= 0 else payload


def _served(message: Envelope) -> Reply:
    """All current subscriptions of the connection."""
    return Reply(
        subscriptions=tuple(
            Subscription(channel, product)
            for event in message.events
            for channel, products in (event.subscriptions or {}).items()
            if channel in _CHANNELS.values()
            for product in products
        ),
        sequence=message.sequence_num,
    )


def _is_ours(message: dict[str, Any]) -> bool:
    channel = message.get("channel")
    return isinstance(channel, str) and channel in _CHANNELS
