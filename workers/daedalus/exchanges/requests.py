"""What is sent to an exchange over its websocket, and how it spells symbols."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import Struct

from .header import Subscription

__all__ = ["ConnectionPlan", "Request", "Requests", "parts_of"]

_T = TypeVar("_T")


class Request(Struct, frozen=True):
    """One text message to send after connecting, and the subscriptions it asks for."""

    id: int
    text: str
    subscriptions: tuple[Subscription, ...]


class ConnectionPlan(Struct, frozen=True):
    """One websocket: where to connect, what to send, how to keep it alive, when to replace it.

    send_interval_seconds: minimum time between two requests (the exchange's limit of messages per second)
    ping_seconds: interval of websocket pings; their answers prove the link, not the data
    lifetime_seconds: the exchange ends the connection after this long; it is replaced earlier
    keepalive_text: sent every ``keepalive_seconds`` where pings do not keep the connection open
    silence_seconds: a connection on which nothing at all arrived for this long is dead; None: silence
        is normal
    """

    url: str
    requests: tuple[Request, ...]
    subscriptions: tuple[Subscription, ...]
    send_interval_seconds: float = 0.25
    ping_seconds: float = 20.0
    lifetime_seconds: float | None = None
    keepalive_text: str | None = None
    keepalive_seconds: float = 20.0
    silence_seconds: float | None = None


class Requests(ABC):
    """How an exchange is asked for streams. Pure."""

    @abstractmethod
    def symbol(self, text: str) -> str:
        """The one spelling of a symbol that configuration, raw messages and tables share."""

    def refuses(self, symbol: str) -> str:
        """Why this symbol can never be recorded, and what to write instead; "" if nothing speaks against it.

        Checked before the exchange is asked, and for the rows of recorded messages.
        """
        return ""

    def serves(self, channel: str, symbol: str) -> bool:
        """Whether the stream exists. One that does not exist is requested only if the user names it."""
        return True

    @abstractmethod
    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """The connections that serve these subscriptions within the exchange's limits."""

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """The texts that bring a fresh snapshot on the stream; () if only a new connection brings one."""
        return ()


def parts_of(whole: Sequence[_T], size: int) -> Iterator[tuple[_T, ...]]:
    """Consecutive parts of at most ``size`` elements."""
    for start in range(0, len(whole), size):
        yield tuple(whole[start : start + size])
