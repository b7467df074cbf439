"""The books of an exchange that wait for a snapshot over REST: since when, and why none came yet."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["WaitingBook", "WaitingBooks"]


class WaitingBook(Struct, frozen=True):
    """Since when a book waits (UTC ns), and why its last request brought no snapshot."""

    since_ns: int
    reason: str = "the request waits for its turn"


class WaitingBooks:
    """By channel and symbol. A book waits once, however many connections bring its stream."""

    def __init__(self) -> None:
        self.abandoned: set[tuple[str, str]] = set()
        """The books whose connection ended before a snapshot came, while another one serves their stream."""
        self._books: dict[tuple[str, str], WaitingBook] = {}

    def __len__(self) -> int:
        return len(self._books)

    def get(self, stream: tuple[str, str]) -> WaitingBook | None:
        """The book of a stream, where it waits."""
        return self._books.get(stream)

    def begin(self, stream: tuple[str, str], now_ns: int) -> None:
        """Nothing is known of the book any more; one that waits already goes on waiting."""
        self._books.setdefault(stream, WaitingBook(now_ns))

    def failed(self, stream: tuple[str, str], reason: str) -> None:
        """A request brought no snapshot of a book that waits."""
        if (book := self._books.get(stream)) is not None:
            self._books[stream] = WaitingBook(book.since_ns, reason)

    def end(self, stream: tuple[str, str]) -> None:
        """The snapshot is there, or the stream is down."""
        self._books.pop(stream, None)
        self.abandoned.discard(stream)

    def since_before(self, at_ns: int) -> list[WaitingBook]:
        """Those that wait since before ``at_ns``, the oldest entry first."""
        return [each for each in list(self._books.values()) if each.since_ns < at_ns]
