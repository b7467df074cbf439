"""What an exchange says: a message's header at once, its rows later."""

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
        """Read what a message is, with its ids and its time, without decoding the whole of it."""

    def reader(self) -> Callable[[bytes], Header]:
        """`classify` for one connection, where a message cannot be read without those before it."""
        return self.classify

    def classify_stored(self, channel: str, symbol: str, payload: bytes) -> Header:
        """`classify` for a message that was stored as one of this stream."""
        return self.classify(payload)

    @abstractmethod
    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message into rows.

        ``header`` is what was classified of the same bytes. Raises `msgspec.DecodeError` or `ValueError`
        for bytes that are not what the header promised.
        """

    def identity(self, header: Data, payload: bytes) -> bytes:
        """What a message without ids has in common with its duplicate from another connection."""
        return payload


class BookCheck(Protocol):
    """Follows the book of one symbol and compares it with the exchange's checksums. Pure."""

    def apply(self, header: Data, payload: bytes) -> bool | None:
        """Take a message; whether its checksum is right, None where there is nothing to compare."""

    def state(self) -> bytes:
        """All that is remembered, from which `Exchange.book_check` goes on."""
