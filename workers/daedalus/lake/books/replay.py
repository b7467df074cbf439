"""Replays the stored updates of one book, checks that they follow each other, and compares digests.

Rows come in the order of the table. What the ledger says is missing voids the book, as it did for the
recorder; whatever else does not fit is a finding.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from msgspec import Struct

from ...exchanges.orderbook import Book
from ...tables.gaps import Gap
from .messages import Digest, Message

__all__ = ["NO_SNAPSHOT", "BookReplay", "ReplayResult"]

_MINUTE_NS = 60_000_000_000
NO_SNAPSHOT = "no snapshot came before"


class ReplayResult(Struct, frozen=True):
    """What a replay found. ``old``: messages that say nothing new; ``ids``: update ids that were covered.

    ``checked``: minutes with a digest, and whether the book had it. ``jumps``: (last id before, first id
    after, local ns) of id jumps that no line of the ledger explains; ``vouched`` counts those after
    which the book still had the recorder's digest: there the messages had no levels. ``whole``: those that a
    snapshot replaced before a digest could tell, within a file that has all rows that were written.
    ``unchecked``: digests from before the first snapshot; ``undigested``: full minutes of a book without one.
    """

    messages: int = 0
    ids: int = 0
    old: int = 0
    checked: tuple[tuple[int, bool], ...] = ()
    jumps: tuple[tuple[int, int, int], ...] = ()
    vouched: int = 0
    whole: int = 0
    unchecked: int = 0
    undigested: int = 0


Jump = tuple[int, int, int]


class BookReplay:
    """Follows one book. ``numbered``: its messages begin where the one before ended (`Proof.IDS`).

    ``began_anew``: the exchange may start its numbers anew on the stream. ``depth``: the channel's.
    ``broken``
    says in words why there is no book now, "" where there is one; ``last_ns`` is when its newest update came.
    """

    def __init__(
        self, symbol: str, *, numbered: bool, began_anew: bool = False, depth: int | None = None
    ) -> None:
        self.book = Book(depth)
        self.broken = NO_SNAPSHOT
        self.jumps: list[Jump] = []
        self.doubted: list[Jump] = []
        self.replaced: list[Jump] = []  # a snapshot came before a digest could tell
        self.vouched = 0
        self.unchecked = 0
        self.undigested = 0
        self.old = 0
        self.checked: list[tuple[int, bool]] = []
        self.messages = 0
        self.ids = 0
        self._symbol = symbol
        self._numbered = numbered
        self._began_anew = began_anew
        self._depth = depth
        self._gaps: deque[Gap] = deque()
        self._known: list[tuple[int, int]] = []
        self._digests: deque[Digest] = deque()
        self._last_id: int | None = None
        self.last_ns = 0
        self._pending: list[Message] = []
        self._entered = False
        self._began_ns = 0
        self._minute = 0
        self._digested = -1
        self._in_file: list[Jump] = []
        self._first_of_file = True
        self._explained: set[Jump] = set()

    def begin_file(self) -> None:
        """The next message is the first of a file."""
        self._in_file = []
        self._first_of_file = True

    def end_file(self, *, whole: bool) -> None:
        """The file is over; ``whole``: it has every row that was written."""
        if whole:
            self._explained.update(self._in_file)

    def expect(self, gaps: Sequence[Gap], digests: Iterable[Digest]) -> None:
        """Tell what the ledger and the recorder's digests say of what comes now."""
        self._gaps.extend(gaps)
        self._known += [
            (gap.from_id, gap.to_id) for gap in gaps if gap.from_id is not None and gap.to_id is not None
        ]
        self._digests.extend(digests)

    def feed(self, message: Message) -> None:
        """Take the next message."""
        update = message.update
        self.messages += 1
        late = update.is_snapshot and self.book.synced and update.last_id is not None
        if late and not self._is_anew(message) and not self._at_a_gap(message):
            self._follow(message, anew=False)
            self._pending.append(message)  # the next update tells which of them came first
            return
        self._settle(message)
        self._compare(message)
        anew = self._is_anew(message)
        if anew:
            self._last_id = self.book.last_id = None
            if update.is_snapshot:
                self.book.void()
        self._void(message)
        self._count_minutes(message)
        self._follow(message, anew)
        self._apply(message)

    def prepare(self, message: Message) -> None:
        """Bring the book to what it was before this message, which is then to be fed."""
        if not (message.update.is_snapshot and self.book.synced):
            self._settle(message)

    @property
    def certain(self) -> bool:
        """Whether there is a book, and no snapshot waits for the next update to tell what it is worth."""
        return self.book.synced and not self._pending

    def end(self, until_ns: int) -> None:
        """Nothing more comes until then: settle what waits, compare digests no message came after."""
        self._settle(None)
        self._digests = deque(digest for digest in self._digests if digest.minute_ns < until_ns)
        self._compare(None)

    def take(self, *, over: bool) -> ReplayResult:
        """What was found since the last time. Jumps wait for the next digest, unless all is ``over``."""
        replaced = [jump for jump in self.replaced if jump not in self._explained]
        found = ReplayResult(
            messages=self.messages,
            ids=self.ids,
            old=self.old,
            checked=tuple(self.checked),
            jumps=(*self.doubted, *replaced, *(self.jumps if over else ())),
            vouched=self.vouched,
            whole=len(self.replaced) - len(replaced),
            unchecked=self.unchecked,
            undigested=self.undigested,
        )
        self.messages = self.ids = self.old = self.vouched = self.unchecked = self.undigested = 0
        self.checked, self.doubted, self.replaced = [], [], []
        self._explained &= set(self.jumps)  # the others are told
        return found

    def _count_minutes(self, message: Message) -> None:
        """Whether a digest was there for the full minute that is over, as the recorder takes one."""
        minute = message.local_ns // _MINUTE_NS
        if minute > self._minute and self._minute and self.book.synced:
            self.undigested += self._digested != minute
        self._minute = max(self._minute, minute)

    def _is_anew(self, message: Message) -> bool:
        """Whether the exchange's numbers start anew: later, and smaller, with a snapshot or by far."""
        update, known = message.update, self._last_id
        if (
            not self._began_anew
            or update.last_id is None
            or known is None
            or message.local_ns <= self.last_ns
        ):
            return False
        return update.last_id < (known if update.is_snapshot else known // 2)

    def _at_a_gap(self, message: Message) -> bool:
        gap = self._gaps[0] if self._gaps else None
        if gap is None:
            return False
        if gap.from_id is None or gap.to_id is None or gap.to_id <= gap.from_id:
            return message.local_ns >= gap.to_timestamp
        return (message.update.last_id or 0) > gap.from_id

    def _void(self, message: Message) -> None:
        """Void the book where the ledger says that something is missing before this message."""
        while self._gaps and (passed := self._reach(self._gaps[0], message)) is not None:
            if not passed:
                return  # a snapshot from within the gap: whether it is new enough, the next update tells
            self._gaps.popleft()
            self._entered = False

    def _reach(self, gap: Gap, message: Message) -> bool | None:
        """Whether the message lies behind the gap; False: in the midst of it; None: before it."""
        update = message.update
        if gap.from_id is None or gap.to_id is None or update.last_id is None:
            if message.local_ns < gap.to_timestamp:
                return None
            self._break(gap)
            return True
        if gap.to_id <= gap.from_id:  # the exchange's numbers started anew
            if message.local_ns < gap.to_timestamp:
                return None
            self.book, self._last_id = Book(self._depth), None
            self._break(gap)
            return True
        if update.last_id <= gap.from_id:
            return None
        behind = not update.is_snapshot and update.last_id >= gap.to_id
        whole = self.book.synced and self.book.last_id is not None and self.book.last_id >= gap.to_id - 1
        if not self._entered or (behind and not whole):
            self._break(gap)
        self._entered = True
        return behind

    def _break(self, gap: Gap) -> None:
        self.book.void()
        size = "an unknown number of" if gap.missing is None else f"{gap.missing:,}"
        self.broken = f"{size} updates are missing ({gap.cause}), and no snapshot came after them"

    def _follow(self, message: Message, anew: bool) -> None:
        update = message.update
        first, last = update.first_id, update.last_id
        if last is None:
            return
        if update.is_snapshot:
            if self._began_anew and (anew or self._last_id is None or last > self._last_id):
                self._last_id = last
            return
        if self._last_id is not None and last <= self._last_id:
            self.old += 1
            return
        before, self._last_id = self._last_id, last
        first_of_file, self._first_of_file = self._first_of_file, False
        if first is not None:
            self.ids += last - (first if before is None else max(first, before + 1)) + 1
        if not self._numbered or before is None or first is None or first <= before + 1:
            return
        if not any(lower < first and upper > before for lower, upper in self._known):
            jump = before, first, message.local_ns
            self.jumps.append(jump)
            if not first_of_file:
                self._in_file.append(jump)

    def _settle(self, after: Message | None) -> None:
        """Apply the snapshots that came ahead of the updates around them; the book knew the others' news."""
        for snapshot in self._pending:
            self._compare(snapshot)
            first = snapshot.local_ns < self._began_ns  # the one that began this book came later: it did not
            if first or after is None or after.local_ns >= snapshot.local_ns:
                if first or (
                    snapshot.update.last_id == self.book.last_id and snapshot.local_ns < self.last_ns
                ):
                    self.book.void()  # it came before the update it ends with, and began the book anew
                self._apply(snapshot)
        self._pending.clear()

    def _apply(self, message: Message) -> None:
        synced, known = self.book.synced, self.book.last_id
        self.book.apply(message.update)
        last = message.update.last_id
        if message.update.is_snapshot and last is not None and (not synced or last > (known or 0)):
            # The book began anew: no later digest of it knows what came before.
            self.replaced += [jump for jump in self.jumps if jump[1] - 1 <= last]
            self.jumps = [jump for jump in self.jumps if jump[1] - 1 > last]
        if self.book.synced:
            self.broken = ""
            if not synced:
                self._began_ns = message.local_ns
        self.last_ns = max(self.last_ns, message.local_ns)

    def _compare(self, message: Message | None) -> None:
        while self._digests:
            digest = self._digests[0]
            if message is not None and not self._behind(message, digest):
                return
            self._digests.popleft()
            self._digested = digest.minute_ns // _MINUTE_NS
            book = self.book
            if self.broken == NO_SNAPSHOT:
                self.unchecked += 1
                continue
            right = (
                book.synced
                and (digest.bids, digest.asks) == (len(book.bids), len(book.asks))
                and book.digest() == digest.digest
            )
            self.checked.append((digest.minute_ns, right))
            if right:
                self.vouched += len(self.jumps)
            else:
                self.doubted += self.jumps
            self.jumps = []

    def _behind(self, message: Message, digest: Digest) -> bool:
        """Whether a message was not yet in the book when the digest was taken."""
        last = message.update.last_id
        if digest.last_id is None or last is None:
            return message.local_ns >= digest.minute_ns
        if self._began_anew and self._is_anew(message):
            return message.local_ns >= digest.minute_ns
        return last > digest.last_id and (not self._began_anew or message.local_ns >= digest.minute_ns)
