"""The protocol of an exchange: what the server asks of it. No sockets, no clock.

A protocol turns clients' messages into subscriptions and answers, and steps of the market into messages.
To simulate another exchange, write one and add it to `exchanges`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from .instruments import Instrument
from .market import Market, Mixture, Step

__all__ = ["Audience", "ExchangeProtocol", "Form", "HttpAnswer", "HttpRequest", "Message", "Session"]

Form = tuple[bool, ...]
"""The variant in which a connection gets a stream; its values are the exchange's own."""

Message = tuple[str, Form, str]
"""The stream, the form and the text of one message."""

Audience = Mapping[str, Mapping[Form, Any]]
"""The streams that have listeners, and in which forms."""


class Session:
    """The state of one connection: the streams it subscribed to, and their forms.

    ``over``: set by a protocol to close the connection without a message.
    """

    def __init__(self) -> None:
        self.streams: dict[str, Form] = {}
        self.over = False


class HttpRequest(Struct, frozen=True):
    """A GET: path and query; or a POST, with its body."""

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

    ping_seconds: how often the exchange pings
    subscribe_seconds: how long a connection may stay without a subscription
    requests_per_second: number of received frames, pings and pongs included, beyond which the exchange closes
        the connection

    None: the exchange does none of this.
    """

    name: ClassVar[str]
    usual_symbols: ClassVar[tuple[str, ...]]
    mixture: ClassVar[Mixture]
    ping_seconds: ClassVar[float | None]
    subscribe_seconds: ClassVar[float | None]
    requests_per_second: ClassVar[int | None]

    @abstractmethod
    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        """``any_symbol``: confirm symbols that the market does not have, for recordings."""

    @staticmethod
    @abstractmethod
    def instrument(symbol: str) -> Instrument:
        """The instrument of a symbol. Raises ValueError if the exchange does not spell symbols like that."""

    @abstractmethod
    def connect(self, target: str) -> Session | HttpAnswer:
        """The session of a websocket opened at a path, or the refusal."""

    @abstractmethod
    def receive(self, session: Session, text: str) -> Iterable[str]:
        """The answers to a message, after it has changed the session's streams."""

    def greet(self, stream: str, step: int) -> Iterator[str]:
        """The first messages of a stream after subscribing."""
        return iter(())

    @abstractmethod
    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        """The messages of a step for the streams that have listeners."""

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        """The messages that are sent by the clock (UTC seconds), not by the market."""
        return iter(())

    def open(self, session: Session) -> Iterable[str]:
        """The messages of a newly opened connection."""
        return ()

    def frame(self, session: Session, text: str) -> str:
        """A message as one connection gets it: some exchanges number their frames.

        Called once per message in the order of sending, also for messages that a fault then drops.
        """
        return text

    def farewell(self) -> str | None:
        """The notice before the exchange closes the connection; None: there is none."""
        return None

    @abstractmethod
    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a GET or a POST."""
