"""What the ids in a day's rows prove, held against the ledger; pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...exchanges.model import Channel, Proof
from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..channels import IdScheme
from ..gap_rows import inside
from ..spans import Span, between, common, count, minus, overlapping, union
from .facts import Day

__all__ = ["FILLED", "Ids", "ids_of_books", "ids_of_trades", "started_anew", "uncompared"]

FILLED = "filled"


class Ids(Struct):
    """``ids``: distinct ones that are there, None where they prove nothing; ``missing``: None if unknown.

    ``unledgered``: missing, and the ledger does not say so; ``not_filled``: missing, and it says they are
    there; ``found_again``: there, and it says they are missing; ``unexplained`` and ``spent``: see `_sparse`.
    ``verified``: whether rows could show a loss.
    """

    ids: int | None = None
    missing: int | None = 0
    unledgered: int = 0
    not_filled: int = 0
    found_again: int = 0
    unexplained: int = 0
    spent: int = 0
    verified: bool = False


def ids_of_trades(day: Day, lines: Sequence[Gap]) -> Ids:
    own = day.found.compacted()
    if day.found.unnumbered or any(started_anew(line) for line in day.lines):
        return Ids(ids=None, missing=_admitted(lines))
    known, _ = union([*day.owed, *day.before, *own, *day.after])
    # A gap belongs to the day that has the id before it, the earlier one where both have.
    ends = {last for _, last in minus(own, day.before)} | {last for _, last in day.owed[-1:]}
    absent = [gap for gap in between(known) if gap[0] - 1 in ends]
    admitted, filled = _named(day.lines, filled=False), _named(day.lines, filled=True)
    not_filled = count(common(minus(absent, admitted), filled))
    unledgered = count(minus(minus(absent, admitted), filled))
    found_again = 0
    without = between(known)
    for line in day.lines:
        span = inside(line)
        if span is None or line.status == FILLED or line.remaining is None:
            continue
        if not overlapping(own, (span[0] - 1, span[0] - 1)):
            continue  # another day's
        gone = overlapping(without, span)
        unledgered += max(0, gone - line.remaining)
        found_again += max(0, line.remaining - gone)
    found = Ids(count(own), count(absent), unledgered, not_filled, found_again, verified=bool(own))
    if day.rule is IdScheme.SPARSE and unledgered:
        return _sparse(day, found, minus(minus(absent, admitted), filled))
    return found


def _sparse(day: Day, found: Ids, without_row: Sequence[Span]) -> Ids:
    """Ids without a row may have been spent by the exchange. Aggregate trades, where complete, tell which."""
    traded = common(without_row, day.parts)
    known = [(day.parts[0][0], day.parts[-1][1])] if day.parts else []
    doubtful = count(minus(without_row, known))
    spent = count(without_row) - count(traded) - doubtful
    return Ids(
        ids=found.ids,
        missing=None if found.missing is None else found.missing - spent - doubtful,
        unledgered=max(0, found.unledgered - spent - doubtful),
        not_filled=found.not_filled,
        found_again=found.found_again,
        unexplained=doubtful,
        spent=spent,
        verified=not doubtful,
    )


def ids_of_books(day: Day, own: Sequence[Gap], about: Channel) -> Ids:
    missing = _admitted(own)
    replayed = day.replayed
    if replayed is None:
        return Ids(missing=missing)
    jumped = sum(first - before - 1 for before, first, _ in replayed.jumps)
    proved = bool(replayed.checked) or (day.rule is IdScheme.BOOK and replayed.messages > 0)
    if about.proof is Proof.NONE or uncompared(replayed, about):
        proved = False
    total = None if missing is None else missing + jumped
    ids = replayed.ids if day.rule is IdScheme.BOOK else None
    return Ids(ids, total, jumped, verified=proved)


def uncompared(replayed: ReplayResult, about: Channel) -> int:
    """Minutes of a book whose exchange's checksums are its proof, in which none could be compared."""
    return replayed.undigested if about.proof is Proof.CHECKSUM else 0


def _admitted(lines: Sequence[Gap]) -> int | None:
    """How many ids the ledger says are missing; None where one of its gaps is of unknown size."""
    sizes = [line.remaining for line in lines if line.status != FILLED]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _named(lines: Sequence[Gap], *, filled: bool) -> list[Span]:
    spans = [inside(line) for line in lines if (line.status == FILLED) is filled]
    return union([span for span in spans if span is not None])[0]


def started_anew(line: Gap) -> bool:
    """Whether a line says that the exchange's numbers began again from below."""
    return line.from_id is not None and line.to_id is not None and line.to_id <= line.from_id
