"""What the ids in a day's rows prove, held against the ledger; pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...exchanges.model import Channel, Proof
from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..channels import IdScheme
from ..gap_rows import missing_ids, started_anew
from ..spans import Span, between, common, count, minus, overlapping, union
from .facts import DayFacts

__all__ = ["FILLED", "IdProof", "proof_of_books", "proof_of_trades", "uncompared"]

FILLED = "filled"


class IdProof(Struct):
    """``ids``: distinct ids in the rows, None if they prove nothing. ``missing``: None if unknown.

    ``unledgered``: missing, and the ledger does not say so. ``not_filled``: missing, and the ledger calls
    them filled. ``found_again``: in the rows, and the ledger calls them missing. ``unexplained`` and
    ``spent``: see `_sparse`. ``verified``: rows would have shown a loss.
    """

    ids: int | None = None
    missing: int | None = 0
    unledgered: int = 0
    not_filled: int = 0
    found_again: int = 0
    unexplained: int = 0
    spent: int = 0
    verified: bool = False


def proof_of_trades(day: DayFacts, own: Sequence[Gap]) -> IdProof:
    """What numbered trades prove; ``own``: the rows of the ledger that are reported on this day."""
    ids = day.found.compacted()
    if day.found.unnumbered or any(started_anew(gap) for gap in day.gaps):
        return IdProof(ids=None, missing=_admitted(own))
    known, _ = union([*day.earlier, *day.before, *ids, *day.after])
    # A gap belongs to the day that has the id before it, to the earlier day where both have.
    ends = {last for _, last in minus(ids, day.before)} | {last for _, last in day.earlier[-1:]}
    without_row = between(known)
    missing = [gap for gap in without_row if gap[0] - 1 in ends]
    admitted, filled = _named(day.gaps, filled=False), _named(day.gaps, filled=True)
    not_filled = count(common(minus(missing, admitted), filled))
    unexplained = minus(minus(missing, admitted), filled)
    unledgered = count(unexplained)
    found_again = 0
    for gap in day.gaps:
        span = missing_ids(gap)
        if span is None or gap.status == FILLED or gap.remaining is None:
            continue
        if not overlapping(ids, (span[0] - 1, span[0] - 1)):
            continue  # another day's
        gone = overlapping(without_row, span)
        unledgered += max(0, gone - gap.remaining)
        found_again += max(0, gap.remaining - gone)
    proof = IdProof(count(ids), count(missing), unledgered, not_filled, found_again, verified=bool(ids))
    if day.scheme is IdScheme.SPARSE and unledgered:
        return _sparse(day, proof, unexplained)
    return proof


def _sparse(day: DayFacts, proof: IdProof, without_row: Sequence[Span]) -> IdProof:
    """Ids that the exchange may have used for what gives no row.

    Complete aggregate trades tell which: a single trade that they stand for was missed, any other id was
    ``spent``. Ids outside of theirs remain ``unexplained``.
    """
    traded = common(without_row, day.trade_ids)
    known = [(day.trade_ids[0][0], day.trade_ids[-1][1])] if day.trade_ids else []
    doubtful = count(minus(without_row, known))
    spent = count(without_row) - count(traded) - doubtful
    return IdProof(
        ids=proof.ids,
        missing=None if proof.missing is None else proof.missing - spent - doubtful,
        unledgered=max(0, proof.unledgered - spent - doubtful),
        not_filled=proof.not_filled,
        found_again=proof.found_again,
        unexplained=doubtful,
        spent=spent,
        verified=not doubtful,
    )


def proof_of_books(day: DayFacts, own: Sequence[Gap], spec: Channel) -> IdProof:
    """What a replayed book proves, or what the ledger alone says of a stream without ids."""
    missing = _admitted(own)
    replayed = day.replayed
    if replayed is None:
        return IdProof(missing=missing)
    jumped = sum(first - before - 1 for before, first, _ in replayed.jumps)
    proved = bool(replayed.checked) or (day.scheme is IdScheme.BOOK and replayed.messages > 0)
    if spec.proof is Proof.NONE or uncompared(replayed, spec):
        proved = False
    total = None if missing is None else missing + jumped
    ids = replayed.ids if day.scheme is IdScheme.BOOK else None
    return IdProof(ids, total, jumped, verified=proved)


def uncompared(replayed: ReplayResult, spec: Channel) -> int:
    """Full minutes in which the exchange's checksums, where they are the proof, were not compared."""
    return replayed.undigested if spec.proof is Proof.CHECKSUM else 0


def _admitted(gaps: Sequence[Gap]) -> int | None:
    """How many ids the ledger says are missing; None if one of its gaps is of unknown size."""
    sizes = [gap.remaining for gap in gaps if gap.status != FILLED]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _named(gaps: Sequence[Gap], *, filled: bool) -> list[Span]:
    spans = [missing_ids(gap) for gap in gaps if (gap.status == FILLED) is filled]
    return union([span for span in spans if span is not None])[0]
