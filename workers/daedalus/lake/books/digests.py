"""Holds a replayed book against the digests that the recorder took of it at full minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from ...exchanges.orderbook import Book
from ..days import MINUTE_NS
from .messages import Digest, Message

__all__ = ["DigestCheck"]


class DigestCheck:
    """The digests of one book. ``checked``: the minute (UTC ns) of each, and whether the book had it.

    ``unchecked``: digests from before the first snapshot; ``undigested``: full minutes with a book and no
    digest.
    """

    def __init__(self) -> None:
        self.checked: list[tuple[int, bool]] = []
        self.unchecked = 0
        self.undigested = 0
        self._digests: deque[Digest] = deque()
        self._minute = 0
        self._digested = -1

    def expect(self, digests: Iterable[Digest]) -> None:
        """The recorder's digests of what comes next, in the order of time."""
        self._digests.extend(digests)

    def end(self, until_ns: int) -> None:
        """Nothing comes until then: later digests say nothing of this book."""
        self._digests = deque(digest for digest in self._digests if digest.minute_ns < until_ns)

    def compare(
        self, book: Book, before: Message | None, *, anew: bool = False, timed: bool = False, begun: bool
    ) -> Iterator[bool]:
        """Compare the digests that were taken ``before`` a message (None: all); whether each is right.

        ``anew``: the message starts the exchange's ids anew; ``timed``: the exchange may do so on the stream,
        so that ids alone do not tell what came first. ``begun``: a snapshot has come.
        """
        while self._digests:
            digest = self._digests[0]
            if before is not None and not _taken_before(digest, before, anew=anew, timed=timed):
                return
            self._digests.popleft()
            self._digested = digest.minute_ns // MINUTE_NS
            if not begun:
                self.unchecked += 1
                continue
            right = (
                book.synced
                and (digest.bids, digest.asks) == (len(book.bids), len(book.asks))
                and book.digest() == digest.digest
            )
            self.checked.append((digest.minute_ns, right))
            yield right

    def count_minute(self, local_ns: int, *, synced: bool) -> None:
        """Note whether the full minute before a message has a digest; the recorder takes one at each."""
        minute = local_ns // MINUTE_NS
        if minute > self._minute and self._minute and synced:
            self.undigested += self._digested != minute
        self._minute = max(self._minute, minute)


def _taken_before(digest: Digest, message: Message, *, anew: bool, timed: bool) -> bool:
    """Whether a digest was taken before a message went into the book."""
    last = message.update.last_id
    later = message.local_ns >= digest.minute_ns
    if digest.last_id is None or last is None or anew:
        return later
    return last > digest.last_id and (later or not timed)
