"""An assessment in sentences: notes that explain, doubts, and findings; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ...exchanges.model import Channel
from ...tables.gaps import Gap
from ...units import counted
from ..books.replay import ReplayResult
from ..gap_rows import missing_ids, started_anew
from .facts import DayFacts
from .id_proof import IdProof, uncompared
from .report import Finding, StreamDay

__all__ = ["doubts_of", "findings_of", "notes_of"]

_WITHOUT_IDS = {
    "snapshot": "no book for {seconds:,.0f} s: no snapshot came",
    "silence": "silent for {seconds:,.0f} s, since {since:%H:%M:%S}: what was missed is unknown",
}
"""By the gap's cause."""


def notes_of(day: DayFacts, proof: IdProof, replayed: ReplayResult, unfilled: Sequence[Gap]) -> list[str]:
    """What explains the figures. ``unfilled``: the gaps that are not filled."""
    notes = _gaps_without_ids(unfilled)
    if proof.spent:
        ids = counted(proof.spent, "id belongs", "ids belong")
        notes.append(f"{ids} to no trade: aggregate trades leave {_them(proof.spent)} out too")
    if replayed.vouched:
        jumps = counted(replayed.vouched, "jump", "jumps")
        notes.append(f"{jumps} of the ids, and the book is right after: messages without levels")
    if replayed.whole:
        jumps = counted(replayed.whole, "jump", "jumps")
        notes.append(f"{jumps} of the ids in files that have every row written: messages without levels")
    if any(started_anew(gap) for gap in day.gaps):
        notes.append("the exchange's ids started anew")
    return notes


def _gaps_without_ids(unfilled: Sequence[Gap]) -> list[str]:
    """Gaps without ids: how long, and since when."""
    notes = []
    for cause, text in _WITHOUT_IDS.items():
        gaps = [gap for gap in unfilled if gap.cause == cause and missing_ids(gap) is None]
        if gaps:
            seconds = sum(gap.to_timestamp - gap.from_timestamp for gap in gaps) / 1e9
            since = datetime.fromtimestamp(min(gap.from_timestamp for gap in gaps) // 10**9, UTC)
            times = f" ({len(gaps):,} times)" if len(gaps) > 1 else ""
            notes.append(text.format(since=since, seconds=seconds) + times)
    return notes


def doubts_of(day: DayFacts, proof: IdProof, replayed: ReplayResult, spec: Channel) -> list[str]:
    """What keeps rows and ledger from agreeing in full, without being wrong."""
    doubts = []
    if proof.found_again:
        ids = counted(proof.found_again, "id has a row", "ids have a row")
        doubts.append(f"{ids} though the ledger calls {_them(proof.found_again)} missing")
    if day.found.repeated:
        # The exchange may have repeated itself: messages that are read at once have the same time.
        rows = counted(day.found.repeated, "row is identical", "rows are identical")
        doubts.append(f"{rows} to the row before")
    if proof.unexplained:
        ids = counted(proof.unexplained, "id has no row", "ids have no row")
        doubts.append(
            f"{ids}: the exchange used {_them(proof.unexplained)} for no trade, or rows were removed"
        )
    if replayed.unchecked:
        digests = counted(replayed.unchecked, "digest was", "digests were")
        doubts.append(f"{digests} not compared: the lake has no snapshot from before")
    if minutes := uncompared(replayed, spec):
        text = counted(minutes, "minute", "minutes")
        doubts.append(f"the exchange's checksums could not be compared in {text}")
    return doubts


def findings_of(stream: StreamDay, proof: IdProof, replayed: ReplayResult) -> list[Finding]:
    """What is wrong with the stream's day."""
    where = f"{stream.date} {stream.exchange} {stream.channel} {stream.symbol}"
    found = []
    if proof.unledgered:
        ids = counted(proof.unledgered, "missing id is", "missing ids are")
        found.append(Finding("unledgered", where, f"{ids} not in the ledger"))
    if proof.not_filled:
        ids = counted(proof.not_filled, "id is missing", "ids are missing")
        text = f"{ids} though the ledger calls {_them(proof.not_filled)} filled"
        found.append(Finding("not filled", where, text))
    if stream.digests_wrong:
        first = min(minute for minute, right in replayed.checked if not right)
        at = f"{datetime.fromtimestamp(first // 10**9, UTC):%H:%M}"
        text = f"{stream.digests_wrong:,} of {stream.digests:,} digests of the book differ, the first at {at}"
        found.append(Finding("digest", where, text))
    if stream.duplicates:
        one, many = ("message is", "messages are") if replayed.old else ("row is", "rows are")
        text = f"{counted(stream.duplicates, one, many)} there more than once"
        found.append(Finding("duplicates", where, text))
    return found


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
