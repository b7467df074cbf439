"""Replays the stored updates of one book: do they follow each other, and is it the book the recorder had?

Rows come in the order of the table. What the ledger says is missing voids the book, as it did for the
recorder.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Self

from msgspec import Struct

from ...exchanges.orderbook import Book
from ...tables.gaps import Gap
from ...units import counted
from ..channels import IdScheme, channel_of, id_scheme
from .digests import DigestCheck
from .id_jumps import IdJumps, Jump
from .messages import Digest, Message

__all__ = ["NO_SNAPSHOT", "BookReplay", "ReplayResult"]

NO_SNAPSHOT = "no snapshot came before"


class ReplayResult(Struct, frozen=True):
    """What a replay found.

    ``ids``: update ids that were covered; ``old``: updates with ids that came before. ``jumps``, ``vouched``
    and ``whole``: see `id_jumps`. ``checked``, ``unchecked`` and ``undigested``: see `digests`.
    """

    messages: int = 0
    ids: int = 0
    old: int = 0
    checked: tuple[tuple[int, bool], ...] = ()
    jumps: tuple[Jump, ...] = ()
    vouched: int = 0
    whole: int = 0
    unchecked: int = 0
    undigested: int = 0


class BookReplay:
    """One book. ``broken`` says why there is none now, "" if there is one. ``last_ns``: its last update.

    ``numbered``: its messages begin where the one before ended (`Proof.IDS`). ``may_restart``: the exchange
    may start its ids anew on the stream. ``depth``: the channel's.
    """

    def __init__(
        self, symbol: str, *, numbered: bool, may_restart: bool = False, depth: int | None = None
    ) -> None:
        self.book = Book(depth)
        self.broken = NO_SNAPSHOT
        self.last_ns = 0
        self._symbol = symbol
        self._numbered, self._may_restart, self._depth = numbered, may_restart, depth
        self._digests = DigestCheck()
        self._jumps = IdJumps()
        self._gaps: deque[Gap] = deque()
        self._in_gap = False
        self._messages = self._ids = self._old = 0
        self._last_id: int | None = None
        self._pending: list[Message] = []
        self._began_ns = 0

    @classmethod
    def of_channel(cls, exchange: str, channel: str, symbol: str) -> Self:
        """The replay of a book as its exchange sends it."""
        spec = channel_of(exchange, channel)
        numbered = id_scheme(exchange, channel) is IdScheme.BOOK
        return cls(symbol, numbered=numbered, may_restart=spec.snapshot == "stream", depth=spec.depth)

    @property
    def certain(self) -> bool:
        """Whether there is a book, and no snapshot waits for the next update to tell its place."""
        return self.book.synced and not self._pending

    @property
    def checked(self) -> list[tuple[int, bool]]:
        """The digests that were compared; see `digests`."""
        return self._digests.checked

    @property
    def unexplained(self) -> tuple[Jump, ...]:
        """Jumps of ids so far that nothing explains."""
        return self._jumps.unexplained

    def begin_file(self) -> None:
        """The next message is the first of a file."""
        self._jumps.begin_file()

    def end_file(self, *, whole: bool) -> None:
        """The file is over; ``whole``: it has every row that was written."""
        self._jumps.end_file(whole=whole)

    def expect_gaps(self, gaps: Iterable[Gap]) -> None:
        """What the ledger says is missing of what comes next."""
        for gap in gaps:
            self._gaps.append(gap)
            if gap.from_id is not None and gap.to_id is not None:
                self._jumps.expect(gap.from_id, gap.to_id)

    def expect_digests(self, digests: Iterable[Digest]) -> None:
        """The recorder's digests of what comes next, in the order of time."""
        self._digests.expect(digests)

    def feed(self, message: Message) -> None:
        """Take the next message."""
        update = message.update
        self._messages += 1
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
        self._digests.count_minute(message.local_ns, synced=self.book.synced)
        self._follow(message, anew)
        self._apply(message)

    def prepare(self, message: Message) -> None:
        """Bring the book to what it was before this message, which is then to be fed."""
        if not (message.update.is_snapshot and self.book.synced):
            self._settle(message)

    def end(self, until_ns: int) -> None:
        """Nothing more comes until then: apply what waits, compare the digests that remain."""
        self._settle(None)
        self._digests.end(until_ns)
        self._compare(None)

    def take(self, *, over: bool) -> ReplayResult:
        """What was found since the last time. Jumps wait for the next digest, unless all is ``over``."""
        jumps, digests = self._jumps.take(over=over), self._digests
        found = ReplayResult(
            messages=self._messages,
            ids=self._ids,
            old=self._old,
            checked=tuple(digests.checked),
            jumps=jumps.jumps,
            vouched=jumps.vouched,
            whole=jumps.whole,
            unchecked=digests.unchecked,
            undigested=digests.undigested,
        )
        self._messages = self._ids = self._old = digests.unchecked = digests.undigested = 0
        digests.checked = []
        return found

    # Ids

    def _is_anew(self, message: Message) -> bool:
        """Whether the exchange's ids start anew: later and smaller, with a snapshot or by far."""
        last, known = message.update.last_id, self._last_id
        if not self._may_restart or last is None or known is None or message.local_ns <= self.last_ns:
            return False
        return last < (known if message.update.is_snapshot else known // 2)

    def _follow(self, message: Message, anew: bool) -> None:
        first, last = message.update.first_id, message.update.last_id
        if last is None:
            return
        if message.update.is_snapshot:
            if self._may_restart and (anew or self._last_id is None or last > self._last_id):
                self._last_id = last
            return
        if self._last_id is not None and last <= self._last_id:
            self._old += 1
            return
        before, self._last_id = self._last_id, last
        if first is not None:
            self._ids += last - (first if before is None else max(first, before + 1)) + 1
        if self._numbered:
            self._jumps.check(before, first, message.local_ns)

    # Gaps of the ledger

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
                return  # a snapshot from within the gap: the next update tells whether it is new enough
            self._gaps.popleft()
            self._in_gap = False

    def _reach(self, gap: Gap, message: Message) -> bool | None:
        """Whether the message lies behind the gap; False: within it; None: before it."""
        update = message.update
        if gap.from_id is None or gap.to_id is None or update.last_id is None:
            if message.local_ns < gap.to_timestamp:
                return None
            self._break(gap)
            return True
        if gap.to_id <= gap.from_id:  # the exchange's ids started anew
            if message.local_ns < gap.to_timestamp:
                return None
            self.book, self._last_id = Book(self._depth), None
            self._break(gap)
            return True
        if update.last_id <= gap.from_id:
            return None
        behind = not update.is_snapshot and update.last_id >= gap.to_id
        whole = self.book.synced and self.book.last_id is not None and self.book.last_id >= gap.to_id - 1
        if not self._in_gap or (behind and not whole):
            self._break(gap)
        self._in_gap = True
        return behind

    def _break(self, gap: Gap) -> None:
        self.book.void()
        what = "an unknown number of updates is"
        if gap.missing is not None:
            what = counted(gap.missing, "update is", "updates are")
        self.broken = f"{what} missing ({gap.cause}), and no snapshot came after"

    # The book

    def _settle(self, after: Message | None) -> None:
        """Apply the snapshots that came ahead of the updates around them, where they say something new."""
        for snapshot in self._pending:
            self._compare(snapshot)
            # It was received before the snapshot that began this book, so it is the one that began it.
            first = snapshot.local_ns < self._began_ns
            if first or after is None or after.local_ns >= snapshot.local_ns:
                same_id = snapshot.update.last_id == self.book.last_id
                if first or (same_id and snapshot.local_ns < self.last_ns):
                    self.book.void()  # it came before the update it ends with, and began the book anew
                self._apply(snapshot)
        self._pending.clear()

    def _apply(self, message: Message) -> None:
        synced, known = self.book.synced, self.book.last_id
        self.book.apply(message.update)
        last = message.update.last_id
        if message.update.is_snapshot and last is not None and (not synced or last > (known or 0)):
            self._jumps.replaced(last)
        if self.book.synced:
            self.broken = ""
            if not synced:
                self._began_ns = message.local_ns
        self.last_ns = max(self.last_ns, message.local_ns)

    def _compare(self, before: Message | None) -> None:
        anew = before is not None and self._is_anew(before)
        begun = self.broken != NO_SNAPSHOT
        for right in self._digests.compare(
            self.book, before, anew=anew, timed=self._may_restart, begun=begun
        ):
            self._jumps.compared(right=right)
