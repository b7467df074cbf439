"""The verdict on one stream's day: what the rows show, held against what the ledger says; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from ..exchanges.base import Channel, Proof
from ..normalize.columns import Gap
from .evidence import Evidence
from .gap_lines import inside, seconds_without
from .numbering import Numbering, channel_of
from .report import Finding, StreamDay, Verdict
from .spans import Span, between, common, count, minus, overlapping, union
from .walk import Walked

__all__ = ["Day", "bounds_of", "judge"]

_FILLED = "filled"


class Day(Struct, frozen=True):
    """What is to be judged. ``before`` and ``after`` are the ids of the neighbouring days; ``owed`` those of
    an earlier day, where days without a row lie between: the hole behind them is this day's to tell.

    ``lines`` are the ledger's that may concern this day, ``own`` those that are this day's to tell (None:
    that begin in it); ``outages`` times (UTC ns) in which no connection to the exchange stood. ``life`` is
    from when to when the stream was there. ``parts`` are the single trades that complete aggregate trades of
    the same symbol stand for. ``shift_ns``: how far the recorder's clock was ahead of the rows' day.
    """

    date: str
    exchange: str
    channel: str
    symbol: str
    rule: Numbering
    found: Evidence
    before: Sequence[Span] = ()
    owed: Sequence[Span] = ()
    after: Sequence[Span] = ()
    lines: Sequence[Gap] = ()
    own: Sequence[Gap] | None = None
    outages: Sequence[Span] = ()
    life: Span | None = None
    walked: Walked | None = None
    parts: Sequence[Span] = ()
    shift_ns: int = 0


class _Ids(Struct):
    ids: int | None = None
    missing: int | None = 0
    unledgered: int = 0
    not_filled: int = 0
    found_again: int = 0
    unexplained: int = 0
    spent: int = 0
    verified: bool = False


def judge(day: Day) -> tuple[StreamDay, list[Finding]]:
    """The line of the day, and what is wrong with it."""
    about = channel_of(day.exchange, day.channel)
    from_ns, to_ns = (bound + day.shift_ns for bound in bounds_of(day.date))
    own = day.own
    if own is None:
        own = [line for line in day.lines if from_ns <= line.from_timestamp < to_ns]
    walked = day.walked or Walked()
    if day.rule in (Numbering.CONSECUTIVE, Numbering.SPARSE):
        ids = _ids_of_trades(day, own)
    else:
        ids = _ids_of_books(day, own, about)
    wrong = sum(not right for _, right in walked.checked)
    duplicates = day.found.again + walked.old
    still = [line for line in own if line.status != _FILLED]
    if not ids.ids:  # a hole that began earlier: where ids show what is there, they tell
        still += [line for line in day.lines if line.status != _FILLED and _within(line, from_ns, to_ns)]
    broken = bool(ids.unledgered or ids.not_filled or wrong or duplicates)
    holes = bool(still) or bool(ids.missing) or ids.missing is None
    if broken:
        verdict = Verdict.BROKEN
    elif holes:
        verdict = Verdict.MISSING
    elif not ids.verified:
        verdict = Verdict.UNPROVED
    else:
        verdict = Verdict.REPAIRED if own else Verdict.COMPLETE
    seconds = seconds_without(day.lines, day.outages, from_ns, to_ns)
    percent, basis = _percent(day, ids, seconds, from_ns, to_ns)
    stream = StreamDay(
        date=day.date,
        exchange=day.exchange,
        channel=day.channel,
        symbol=day.symbol,
        verdict=verdict,
        proof=about.proof.value,
        evidence=_evidence(day, ids, walked),
        rows=day.found.rows,
        ids=ids.ids,
        holes_open=sum(line.status == "open" for line in own),
        holes_filled=sum(line.status == _FILLED for line in own),
        holes_unfillable=sum(line.status == "unfillable" for line in own),
        missing=ids.missing,
        unledgered=ids.unledgered + ids.not_filled,
        duplicates=duplicates,
        digests=len(walked.checked),
        digests_wrong=wrong,
        complete_percent=percent,
        basis=basis,
        seconds_unconnected=seconds,
        clock_offset_ms=None if day.found.late_ns is None else day.found.late_ns / 1e6,
        lossy=about.lossy,
        notes=tuple(_notes(day, ids, walked, still)),
        doubts=tuple(_doubts(day, ids, walked, about)),
    )
    return stream, _findings(stream, ids, walked)


def bounds_of(day: str) -> Span:
    """The day's first ns and the one after its last (UTC)."""
    begin = date.fromisoformat(day)
    begins, ends = (
        datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (begin, begin + timedelta(days=1))
    )
    return int(begins.timestamp()) * 10**9, int(ends.timestamp()) * 10**9


def _within(line: Gap, from_ns: int, to_ns: int) -> bool:
    return line.from_timestamp < to_ns and line.to_timestamp > from_ns


def _ids_of_trades(day: Day, lines: Sequence[Gap]) -> _Ids:
    own = day.found.compacted()
    if day.found.unnumbered or any(_anew(line) for line in day.lines):
        return _Ids(ids=None, missing=_admitted(lines))
    known, _ = union([*day.owed, *day.before, *own, *day.after])
    # A hole belongs to the day that has the id before it, the earlier one where both have.
    ends = {last for _, last in minus(own, day.before)} | {last for _, last in day.owed[-1:]}
    absent = [hole for hole in between(known) if hole[0] - 1 in ends]
    admitted, filled = _named(day.lines, filled=False), _named(day.lines, filled=True)
    not_filled = count(common(minus(absent, admitted), filled))
    unledgered = count(minus(minus(absent, admitted), filled))
    found_again = 0
    without = between(known)
    for line in day.lines:
        span = inside(line)
        if span is None or line.status == _FILLED or line.remaining is None:
            continue
        if not overlapping(own, (span[0] - 1, span[0] - 1)):
            continue  # another day's
        gone = overlapping(without, span)
        unledgered += max(0, gone - line.remaining)
        found_again += max(0, line.remaining - gone)
    found = _Ids(count(own), count(absent), unledgered, not_filled, found_again, verified=bool(own))
    if day.rule is Numbering.SPARSE and unledgered:
        return _sparse(day, found, minus(minus(absent, admitted), filled))
    return found


def _sparse(day: Day, found: _Ids, without_row: Sequence[Span]) -> _Ids:
    """Ids without a row may have been spent by the venue. Aggregate trades, where complete, tell which."""
    traded = common(without_row, day.parts)
    known = [(day.parts[0][0], day.parts[-1][1])] if day.parts else []
    doubtful = count(minus(without_row, known))
    spent = count(without_row) - count(traded) - doubtful
    return _Ids(
        ids=found.ids,
        missing=None if found.missing is None else found.missing - spent - doubtful,
        unledgered=max(0, found.unledgered - spent - doubtful),
        not_filled=found.not_filled,
        found_again=found.found_again,
        unexplained=doubtful,
        spent=spent,
        verified=not doubtful,
    )


def _ids_of_books(day: Day, own: Sequence[Gap], about: Channel) -> _Ids:
    missing = _admitted(own)
    walked = day.walked
    if walked is None:
        return _Ids(missing=missing)
    jumped = sum(first - before - 1 for before, first, _ in walked.jumps)
    proved = bool(walked.checked) or (day.rule is Numbering.BOOK and walked.messages > 0)
    if about.proof is Proof.NONE or _uncompared(walked, about):
        proved = False
    total = None if missing is None else missing + jumped
    ids = walked.ids if day.rule is Numbering.BOOK else None
    return _Ids(ids, total, jumped, verified=proved)


def _uncompared(walked: Walked, about: Channel) -> int:
    """Minutes of a book whose venue's checksums are its proof, in which none could be compared."""
    return walked.undigested if about.proof is Proof.CHECKSUM else 0


def _admitted(lines: Sequence[Gap]) -> int | None:
    """How many ids the ledger says are missing; None where one of its holes is of unknown size."""
    sizes = [line.remaining for line in lines if line.status != _FILLED]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _named(lines: Sequence[Gap], *, filled: bool) -> list[Span]:
    spans = [inside(line) for line in lines if (line.status == _FILLED) is filled]
    return union([span for span in spans if span is not None])[0]


def _anew(line: Gap) -> bool:
    return line.from_id is not None and line.to_id is not None and line.to_id <= line.from_id


def _percent(day: Day, ids: _Ids, seconds: float, from_ns: int, to_ns: int) -> tuple[float | None, str]:
    if ids.ids is not None and ids.missing is not None:
        whole = ids.ids + ids.missing
        return (100 * ids.ids / whole if whole else None), "ids"
    if day.life is None:
        return None, ""
    lived = min(day.life[1], to_ns) - max(day.life[0], from_ns)
    if lived <= 0:
        return None, ""
    return max(0.0, 100 * (1 - seconds * 1e9 / lived)), "time"


def _evidence(day: Day, ids: _Ids, walked: Walked) -> str:
    found = []
    if ids.ids is not None:
        found.append("ids")
    if walked.checked:
        found.append("digests")
    return " and ".join(found) or "ledger"


def _notes(day: Day, ids: _Ids, walked: Walked, still: Sequence[Gap]) -> list[str]:
    """What explains the figures."""
    notes = [
        f"no book for {(line.to_timestamp - line.from_timestamp) / 1e9:,.0f} s: no snapshot came"
        for line in still
        if line.cause == "snapshot"
    ]
    if ids.spent:
        notes.append(f"{ids.spent:,} ids were spent on no trade: aggregate trades leave them out too")
    if walked.vouched:
        notes.append(
            f"{walked.vouched:,} times ids have no row, and the book is right: messages without levels"
        )
    if walked.whole:
        notes.append(
            f"{walked.whole:,} times ids have no row, and the file has all that was written: no levels"
        )
    if any(_anew(line) for line in day.lines):
        notes.append("the venue's numbers started anew")
    return notes


def _doubts(day: Day, ids: _Ids, walked: Walked, about: Channel) -> list[str]:
    """What keeps rows and ledger from agreeing in full, without being wrong."""
    doubts = []
    if ids.found_again:
        doubts.append(
            f"{ids.found_again:,} {_are(ids.found_again)} there that the ledger still calls missing"
        )
    if day.found.repeated:
        # Frames that are read at once have one time: a venue that repeats itself is not told from damage.
        doubts.append(f"{day.found.repeated:,} rows are the very same as the one before")
    if ids.unexplained:
        doubts.append(f"{ids.unexplained:,} ids have no row: the venue spent them, or rows were removed")
    if walked.unchecked:
        doubts.append(
            f"{walked.unchecked:,} digests were not compared: no snapshot before them is in the lake"
        )
    if uncompared := _uncompared(walked, about):
        doubts.append(f"the venue's checksums could not be compared in {uncompared:,} minutes")
    return doubts


def _are(number: int) -> str:
    return "id is" if number == 1 else "ids are"


def _findings(stream: StreamDay, ids: _Ids, walked: Walked) -> list[Finding]:
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
        first = min(minute for minute, right in walked.checked if not right)
        at = f"{datetime.fromtimestamp(first // 10**9, UTC):%H:%M}"
        text = f"{stream.digests_wrong:,} of {stream.digests:,} digests of the book differ, the first at {at}"
        found.append(Finding("digest", where, text))
    if stream.duplicates:
        what = "messages" if walked.old else "rows"
        found.append(Finding("duplicates", where, f"{stream.duplicates:,} {what} are there more than once"))
    return found
