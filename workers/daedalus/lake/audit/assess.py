"""The assessment of one stream's day: what the rows show, held against the ledger; pure."""

from __future__ import annotations

from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..channels import IdScheme, channel_of
from ..days import bounds_of
from ..gap_rows import started_anew
from ..spans import common, count, union
from .facts import DayFacts
from .id_proof import FILLED, IdProof, proof_of_books, proof_of_trades
from .notes import doubts_of, findings_of, notes_of
from .report import Finding, StreamDay, Verdict

__all__ = ["assess"]

_CONNECTED = ("exchange", "snapshot")
"""Causes of gaps during which a connection served the stream."""


def assess(day: DayFacts) -> tuple[StreamDay, list[Finding]]:
    """The assessment, and what is wrong with the day."""
    spec = channel_of(day.exchange, day.channel)
    from_ns, to_ns = (bound + day.shift_ns for bound in bounds_of(day.date))
    own = day.own
    if own is None:
        own = [gap for gap in day.gaps if from_ns <= gap.from_timestamp < to_ns]
    replayed = day.replayed or ReplayResult()
    if day.scheme in (IdScheme.CONSECUTIVE, IdScheme.SPARSE):
        ids = proof_of_trades(day, own)
    else:
        ids = proof_of_books(day, own, spec)
    wrong = sum(not right for _, right in replayed.checked)
    # Where the exchange's ids started anew, an id may rightly come twice.
    anew = any(started_anew(gap) for gap in day.gaps)
    duplicates = replayed.old + (0 if anew else day.found.duplicates)
    unfilled = [gap for gap in own if gap.status != FILLED]
    if not ids.ids:  # no ids show whether a gap that began on an earlier day reaches into this one
        already = set(unfilled)
        around = (gap for gap in day.gaps if gap.status != FILLED and gap not in already)
        unfilled += [gap for gap in around if _within(gap, from_ns, to_ns)]
    broken = bool(ids.unledgered or ids.not_filled or wrong or duplicates)
    gaps = bool(unfilled) or bool(ids.missing) or ids.missing is None
    if broken:
        verdict = Verdict.BROKEN
    elif gaps:
        verdict = Verdict.MISSING
    elif not ids.verified:
        verdict = Verdict.UNPROVED
    else:
        verdict = Verdict.REPAIRED if own else Verdict.COMPLETE
    seconds = _seconds_unconnected(day, from_ns, to_ns)
    percent, basis = _percent(day, ids, seconds, from_ns, to_ns)
    stream = StreamDay(
        date=day.date,
        exchange=day.exchange,
        channel=day.channel,
        symbol=day.symbol,
        verdict=verdict,
        proof=spec.proof.value,
        evidence=_evidence(day, ids, replayed),
        rows=day.found.rows,
        ids=ids.ids,
        gaps_open=sum(gap.status == "open" for gap in own),
        gaps_filled=sum(gap.status == FILLED for gap in own),
        gaps_unfillable=sum(gap.status == "unfillable" for gap in own),
        missing=ids.missing,
        unledgered=ids.unledgered + ids.not_filled,
        duplicates=duplicates,
        digests=len(replayed.checked),
        digests_wrong=wrong,
        complete_percent=percent,
        basis=basis,
        seconds_unconnected=seconds,
        clock_offset_ms=None if day.found.late_ns is None else day.found.late_ns / 1e6,
        lossy=spec.lossy,
        notes=tuple(notes_of(day, ids, replayed, unfilled)),
        doubts=tuple(doubts_of(day, ids, replayed, spec)),
    )
    return stream, findings_of(stream, ids, replayed)


def _within(gap: Gap, from_ns: int, to_ns: int) -> bool:
    return gap.from_timestamp < to_ns and gap.to_timestamp > from_ns


def _seconds_unconnected(day: DayFacts, from_ns: int, to_ns: int) -> float:
    """Seconds of the day in which no connection served the stream."""
    off = [(gap.from_timestamp, gap.to_timestamp - 1) for gap in day.gaps if gap.cause not in _CONNECTED]
    spans, _ = union([span for span in (*off, *day.outages) if span[0] <= span[1]])
    return count(common(spans, [(from_ns, to_ns - 1)])) / 1e9


def _percent(
    day: DayFacts, ids: IdProof, seconds: float, from_ns: int, to_ns: int
) -> tuple[float | None, str]:
    if ids.ids is not None and ids.missing is not None:
        whole = ids.ids + ids.missing
        return (100 * ids.ids / whole if whole else None), "ids"
    if day.life is None:
        return None, ""
    lived = min(day.life[1], to_ns) - max(day.life[0], from_ns)
    if lived <= 0:
        return None, ""
    return max(0.0, 100 * (1 - seconds * 1e9 / lived)), "time"


def _evidence(day: DayFacts, ids: IdProof, replayed: ReplayResult) -> str:
    found = []
    if ids.ids is not None:
        found.append("ids")
    if replayed.checked:
        found.append("digests")
    return " and ".join(found) or "ledger"
