"""How an exchange's messages are read: the header on arrival, the rows later."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from ..tables.rows import Row
from .header import Data, Header

__all__ = ["BookCheck", "Messages"]


class Messages(ABC):
    """How an exchange's messages are read. Pure; reading a header never raises, whatever the bytes."""

    @abstractmethod
    def classify(self, payload: bytes) -> Header:
        """Read a message's kind, ids and time, without decoding the rest."""

    def reader(self) -> Callable[[bytes], Header]:
        """`classify` for one connection, for exchanges whose messages depend on earlier ones."""
        return self.classify

    def classify_stored(self, channel: str, symbol: str, payload: bytes) -> Header:
        """`classify` for a message stored under this stream."""
        return self.classify(payload)

    @abstractmethod
    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message into rows.

        ``header`` is that of the same bytes. Raises `msgspec.DecodeError` or `ValueError` for bytes that do
        not fit it.
        """

    def identity(self, header: Data, payload: bytes) -> bytes:
        """The bytes that a message without ids shares with its duplicate from another connection."""
        return payload


class BookCheck(Protocol):
    """Follows the book of one symbol and compares it with the exchange's checksums. Pure."""

    def apply(self, header: Data, payload: bytes) -> bool | None:
        """Take a message; return whether its checksum matches, None if there is nothing to compare."""

    def state(self) -> bytes:
        """The state to continue from, for `Exchange.book_check`."""
