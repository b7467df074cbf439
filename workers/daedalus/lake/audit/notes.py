"""What is said of a day in words: notes that explain, doubts, and what is wrong; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ...exchanges.model import Channel
from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..gap_rows import inside
from .facts import Day
from .id_proof import Ids, started_anew, uncompared
from .report import Finding, StreamDay

__all__ = ["doubts_of", "findings_of", "notes_of"]

_STRETCHES = {
    "snapshot": "no book for {seconds:,.0f} s: no snapshot came",
    "silence": "silent for {seconds:,.0f} s, since {since:%H:%M:%S}: nobody knows what there was to say",
}


def notes_of(day: Day, ids: Ids, replayed: ReplayResult, still: Sequence[Gap]) -> list[str]:
    """What explains the figures."""
    notes = _stretches(still)
    if ids.spent:
        notes.append(f"{ids.spent:,} ids were spent on no trade: aggregate trades leave them out too")
    if replayed.vouched:
        notes.append(
            f"{replayed.vouched:,} times ids have no row, and the book is right: messages without levels"
        )
    if replayed.whole:
        notes.append(
            f"{replayed.whole:,} times ids have no row, and the file has all that was written: no levels"
        )
    if any(started_anew(line) for line in day.lines):
        notes.append("the exchange's numbers started anew")
    return notes


def _stretches(still: Sequence[Gap]) -> list[str]:
    """What the ledger says of times that no number of ids can tell of."""
    notes = []
    for cause, said in _STRETCHES.items():
        lines = [line for line in still if line.cause == cause and inside(line) is None]
        if lines:
            seconds = sum(line.to_timestamp - line.from_timestamp for line in lines) / 1e9
            since = datetime.fromtimestamp(min(line.from_timestamp for line in lines) // 10**9, UTC)
            times = f", in {len(lines):,} stretches" if len(lines) > 1 else ""
            notes.append(f"{said.format(since=since, seconds=seconds)}{times}")
    return notes


def doubts_of(day: Day, ids: Ids, replayed: ReplayResult, about: Channel) -> list[str]:
    """What keeps rows and ledger from agreeing in full, without being wrong."""
    doubts = []
    if ids.found_again:
        doubts.append(
            f"{ids.found_again:,} {_are(ids.found_again)} there that the ledger still calls missing"
        )
    if day.found.repeated:
        # Frames that are read at once have one time: an exchange that repeats itself is not told from damage.
        doubts.append(f"{day.found.repeated:,} rows are the very same as the one before")
    if ids.unexplained:
        doubts.append(f"{ids.unexplained:,} ids have no row: the exchange spent them, or rows were removed")
    if replayed.unchecked:
        doubts.append(
            f"{replayed.unchecked:,} digests were not compared: no snapshot before them is in the lake"
        )
    if minutes := uncompared(replayed, about):
        doubts.append(f"the exchange's checksums could not be compared in {minutes:,} minutes")
    return doubts


def _are(number: int) -> str:
    return "id is" if number == 1 else "ids are"


def findings_of(stream: StreamDay, ids: Ids, replayed: ReplayResult) -> list[Finding]:
    where = f"{stream.date} {stream.exchange} {stream.channel} {stream.symbol}"
    found = []
    if ids.unledgered:
        found.append(
            Finding(
                "unledgered",
                where,
                f"{ids.unledgered:,} {_are(ids.unledgered)} missing that the ledger does not name",
            )
        )
    if ids.not_filled:
        found.append(
            Finding(
                "not filled",
                where,
                f"{ids.not_filled:,} {_are(ids.not_filled)} missing that the ledger calls filled",
            )
        )
    if stream.digests_wrong:
        first = min(minute for minute, right in replayed.checked if not right)
        at = f"{datetime.fromtimestamp(first // 10**9, UTC):%H:%M}"
        text = f"{stream.digests_wrong:,} of {stream.digests:,} digests of the book differ, the first at {at}"
        found.append(Finding("digest", where, text))
    if stream.duplicates:
        what = "messages" if replayed.old else "rows"
        found.append(Finding("duplicates", where, f"{stream.duplicates:,} {what} are there more than once"))
    return found
