"""Jumps of a book's update ids that no row of the ledger explains, and what became of each; pure.

A jump waits for the recorder's next digest. Where the rebuilt book has that digest, the messages in between
had no levels, and nothing is missing. Where it has not, rows are missing. Where a snapshot replaces the book
before a digest could tell, the file decides: one that has every row that was written lacks none.
"""

from __future__ import annotations

from msgspec import Struct

__all__ = ["IdJumps", "Jump", "JumpsFound"]

Jump = tuple[int, int, int]
"""The last id before, the first id after, and when the update after it came (local, UTC ns)."""


class JumpsFound(Struct, frozen=True):
    """``jumps`` lack rows. ``vouched`` were cleared by a digest, ``whole`` by a file with all its rows."""

    jumps: tuple[Jump, ...]
    vouched: int
    whole: int


class IdJumps:
    """The jumps of one book."""

    def __init__(self) -> None:
        self._ledger: list[tuple[int, int]] = []
        self._waiting: list[Jump] = []
        self._missing: list[Jump] = []
        self._replaced: list[Jump] = []
        self._vouched = 0
        self._in_file: list[Jump] = []
        self._first_of_file = True
        self._whole: set[Jump] = set()

    @property
    def unexplained(self) -> tuple[Jump, ...]:
        """Those that a digest proved missing, then those that still wait for one."""
        return (*self._missing, *self._waiting)

    def expect(self, from_id: int, to_id: int) -> None:
        """The ledger explains a jump between these ids."""
        self._ledger.append((from_id, to_id))

    def begin_file(self) -> None:
        """The next update is the first of a file."""
        self._in_file = []
        self._first_of_file = True

    def end_file(self, *, whole: bool) -> None:
        """The file is over; ``whole``: it has every row that was written."""
        if whole:
            self._whole.update(self._in_file)

    def check(self, before: int | None, first: int | None, local_ns: int) -> None:
        """Note a jump from the last id ``before`` to the ``first`` one of an update, if there is one."""
        first_of_file, self._first_of_file = self._first_of_file, False
        if before is None or first is None or first <= before + 1:
            return
        if any(lower < first and upper > before for lower, upper in self._ledger):
            return
        jump = before, first, local_ns
        self._waiting.append(jump)
        if not first_of_file:  # between two files a whole one may be missing
            self._in_file.append(jump)

    def compared(self, *, right: bool) -> None:
        """A digest was compared: it tells of all jumps before it."""
        if right:
            self._vouched += len(self._waiting)
        else:
            self._missing += self._waiting
        self._waiting = []

    def replaced(self, last_id: int) -> None:
        """A snapshot up to ``last_id`` began the book anew: no later digest tells of a jump before it."""
        self._replaced += [jump for jump in self._waiting if jump[1] - 1 <= last_id]
        self._waiting = [jump for jump in self._waiting if jump[1] - 1 > last_id]

    def take(self, *, over: bool) -> JumpsFound:
        """What was found since the last time; jumps without a digest wait, unless all is ``over``."""
        replaced = [jump for jump in self._replaced if jump not in self._whole]
        found = JumpsFound(
            (*self._missing, *replaced, *(self._waiting if over else ())),
            self._vouched,
            len(self._replaced) - len(replaced),
        )
        self._missing, self._replaced, self._vouched = [], [], 0
        self._whole &= set(self._waiting)
        return found
