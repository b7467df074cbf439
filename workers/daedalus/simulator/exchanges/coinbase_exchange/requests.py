"""Subscription requests of the feed's clients, and refusals.

Source: docs.cdp.coinbase.com, exchange/websocket-feed/overview and channels. A request is granted or
refused as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from msgspec import Struct

__all__ = ["CHANNELS", "Refusal", "Wish", "listed", "read"]

CHANNELS = {
    "matches": True,
    "level2_batch": True,
    "level2": True,
    "ticker": True,
    "heartbeat": True,
    "status": False,
}
"""The channels, and whether a subscription names products."""

_LISTED_AS = {"level2_batch": "level2_50"}
_SIGNED = ("key", "passphrase", "timestamp", "signature")
_UNSIGNED = (
    "level2, level3, and full channels now require authentication. "
    "https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)


class Refusal(Exception):  # noqa: N818 - an answer of the exchange, not an error
    """A request is refused; ``text`` is the feed's answer."""

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(reason or message)
        body = {"type": "error", "message": message} | ({"reason": reason} if reason else {})
        self.text = msgspec.json.encode(body).decode()


class Wish(Struct, frozen=True):
    """One channel to subscribe to or to leave, for these products."""

    subscribe: bool
    channel: str
    products: tuple[str, ...]


def read(text: str, known: Collection[str] | None) -> list[Wish]:
    """Read a request. ``known``: all products, None: any is accepted. Raises `Refusal`."""
    try:
        request = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Refusal("Malformed JSON") from None
    kind = request.get("type") if isinstance(request, dict) else None
    if kind not in ("subscribe", "unsubscribe"):
        raise Refusal("Type has to be either subscribe or unsubscribe")
    subscribe = kind == "subscribe"
    common, channels = request.get("product_ids") or [], request.get("channels") or []
    if not subscribe and not channels:
        channels = list(CHANNELS)  # unsubscribing products without a channel ends all of theirs
    if not isinstance(common, list) or not isinstance(channels, list) or not channels:
        raise Refusal("Failed to subscribe", "channels and product_ids have to be lists")
    signed = all(request.get(field) for field in _SIGNED)
    return [_wish(channel, subscribe, common, known, signed=signed) for channel in channels]


def listed(streams: Iterable[str]) -> str:
    """The answer that lists all subscriptions of a connection."""
    channels: dict[str, list[str]] = {}
    for stream in streams:
        channel, _, symbol = stream.partition(":")
        products = channels.setdefault(_LISTED_AS.get(channel, channel), [])
        if symbol:
            products.append(symbol)
    rows = [{"name": name, "product_ids": ids, "account_ids": None} for name, ids in channels.items()]
    return msgspec.json.encode({"type": "subscriptions", "channels": rows}).decode()


def _wish(
    channel: object, subscribe: bool, common: list[Any], known: Collection[str] | None, *, signed: bool
) -> Wish:
    products = common
    if isinstance(channel, dict):
        products = channel.get("product_ids") or common
        channel = channel.get("name")
    if not isinstance(channel, str) or channel not in CHANNELS:
        raise Refusal("Failed to subscribe", f"{channel} is not a valid channel")
    if channel == "level2" and subscribe and not signed:
        raise Refusal("Failed to subscribe", _UNSIGNED)
    if CHANNELS[channel] and not products:
        reason = f"You need to specify at least one product ID for channel {channel}"
        raise Refusal("Failed to subscribe", reason)
    for name in products:
        if not isinstance(name, str) or (known is not None and name not in known):
            raise Refusal("Failed to subscribe", f"{name} is not a valid product")
    return Wish(subscribe, channel, tuple(products))
