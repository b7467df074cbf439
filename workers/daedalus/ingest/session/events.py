"""What messages call for beyond being stored: the listener yields these values, the session acts on them."""

from __future__ import annotations

from msgspec import Struct

from ...exchanges.continuity import IdGap
from ...exchanges.model import Reply

__all__ = ["BookNeeded", "Event", "FramesLost", "Leaving", "Replied", "Send"]


class Replied(Struct, frozen=True):
    """The exchange has answered one of our requests at ``at_ns`` (UTC ns)."""

    reply: Reply
    at_ns: int


class Send(Struct, frozen=True):
    """The exchange wants to hear this at once, to keep the connection."""

    text: str


class Leaving(Struct, frozen=True):
    """The exchange announces that it ends the connection."""

    payload: bytes


class FramesLost(Struct, frozen=True):
    """So many frames of the connection are missing since ``from_ns`` (UTC ns)."""

    count: int
    from_ns: int


class BookNeeded(Struct, frozen=True):
    """A book needs a snapshot: the last one was too old, or the book differs from the exchange's checksum."""

    channel: str
    symbol: str


Event = Replied | Send | Leaving | FramesLost | BookNeeded | IdGap
