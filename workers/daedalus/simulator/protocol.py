"""What an exchange's protocol is: the questions the server asks of it. No sockets, no clock.

A protocol turns what clients say into subscriptions and answers, and steps of the market into messages.
To simulate another exchange, write one and add it to `exchanges`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from daedalus.simulator.instruments import Instrument
from daedalus.simulator.market import Market, Mixture, Step

__all__ = ["Audience", "ExchangeProtocol", "Form", "HttpAnswer", "HttpRequest", "Message", "Session"]

Form = tuple[bool, ...]
"""How a connection wants a stream written; what the values mean is the exchange's own affair."""

Message = tuple[str, Form, str]
"""The stream, the form and the text of one message."""

Audience = Mapping[str, Mapping[Form, Any]]
"""The streams that somebody listens to, and in which forms."""


class Session:
    """What a protocol remembers of one connection: the streams it asked for, and their forms.

    ``over`` is set by a protocol that ends the connection without a word.
    """

    def __init__(self) -> None:
        self.streams: dict[str, Form] = {}
        self.over = False


class HttpRequest(Struct, frozen=True):
    """One GET: the path and its query; or a POST, with its body."""

    path: str
    query: dict[str, str]
    body: bytes | None = None

    @classmethod
    def parse(cls, target: str) -> HttpRequest:
        """Read a path with a query, or a whole URL."""
        parts = urlsplit(target)
        return cls(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))


class HttpAnswer(Struct, frozen=True):
    """The answer to a GET: a JSON body."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = {}

    @classmethod
    def json(cls, value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpAnswer:
        """Answer with a value written as JSON."""
        return cls(msgspec.json.encode(value), status, headers or {})


class ExchangeProtocol(ABC):
    """One exchange as its clients see it. ``step`` is always the last step of the market that was sent.

    ``ping_seconds``: how often the exchange pings. ``subscribe_seconds``: how long a connection may stay
    without a subscription. ``requests_per_second``: incoming frames, pings and pongs included, beyond
    which the exchange ends the connection. None: the exchange has no such habit.
    """

    name: ClassVar[str]
    usual_symbols: ClassVar[tuple[str, ...]]
    mixture: ClassVar[Mixture]
    ping_seconds: ClassVar[float | None]
    subscribe_seconds: ClassVar[float | None]
    requests_per_second: ClassVar[int | None]

    @abstractmethod
    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        """``any_symbol``: acknowledge symbols that the market does not have, for recordings."""

    @staticmethod
    @abstractmethod
    def instrument(symbol: str) -> Instrument:
        """The instrument of a symbol. Raises ValueError if the exchange would not spell one like that."""

    @abstractmethod
    def connect(self, target: str) -> Session | HttpAnswer:
        """The session of a websocket opened at a path, or the refusal."""

    @abstractmethod
    def receive(self, session: Session, text: str) -> Iterable[str]:
        """The answers to a message, after it has changed the session's streams."""

    def greet(self, stream: str, step: int) -> Iterator[str]:
        """What a connection gets first from a stream it has just subscribed to."""
        return iter(())

    @abstractmethod
    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        """The messages of a step, only those somebody listens to."""

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        """The messages that come by the clock (UTC seconds), not by the market."""
        return iter(())

    def open(self, session: Session) -> Iterable[str]:
        """What a connection hears before it has said anything."""
        return ()

    def frame(self, session: Session, text: str) -> str:
        """A message as this one connection gets it: some exchanges number their frames.

        Called once per message in the order of sending, also for those that a fault then loses.
        """
        return text

    def farewell(self) -> str | None:
        """The notice that the exchange will end the connection; None where it gives none."""
        return None

    @abstractmethod
    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a GET or a POST."""
