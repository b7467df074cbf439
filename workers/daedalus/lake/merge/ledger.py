"""The ledger of what both recorders missed; pure.

A recorder missed what its own ledger says, and what lies before its first and after its last row. Rows that
are missing without being in a ledger are not added to the new one: an audit of the result must find them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from ...tables.gaps import Gap
from ..gap_rows import encloses_nothing, missing_ids
from ..spans import Span, common, union

__all__ = ["Life", "join_ledgers", "off_times"]

_BEFORE, _AFTER = -(2**62), 2**62
_OTHER = "the other recorder has it"
_NEITHER = "no recorder was there"
_FILLED = "filled"


class Life(Struct, frozen=True):
    """What a recorder has of a stream: from when to when (local, UTC ns), and from which id to which."""

    first_ns: int
    last_ns: int
    first_id: int | None = None
    last_id: int | None = None


class _Missed(Struct, frozen=True):
    """A stretch that one recorder lacks: ids (None: only times), local times, and its row of the ledger."""

    ids: Span | None
    from_ns: int
    to_ns: int
    gap: Gap | None = None


def join_ledgers(
    one: Sequence[Gap],
    other: Sequence[Gap],
    lives: Sequence[Life | None],
    lacking: Sequence[Span] | None = None,
) -> list[Gap]:
    """The ledger of one stream: what both missed, and, as filled, what only one of them missed.

    ``one`` and ``other``: the latest rows of each. ``lacking``: the ids that the merged rows lack, where rows
    show that.
    """
    if not any(lives):
        return _unique([*one, *other])
    anew = [gap for gap in (*one, *other) if encloses_nothing(gap)]
    sides = [
        _missed([gap for gap in gaps if not encloses_nothing(gap)], life)
        for gaps, life in zip((one, other), lives, strict=True)
    ]
    both = [gap for first in sides[0] for second in sides[1] if (gap := _common(first, second)) is not None]
    if lacking is not None:
        both = [piece for gap in both for piece in _pieces(gap, lacking)]
    named = [span for gap in both if (span := missing_ids(gap)) is not None]
    taken, _ = union(named)
    filled = [
        msgspec.structs.replace(
            gap, status=_FILLED, remaining=0, note=gap.note if gap.status == _FILLED else _OTHER
        )
        for gap in (*one, *other)
        if not encloses_nothing(gap) and not _touches(gap, both, taken)
    ]
    return _unique([*anew, *both, *filled])


def off_times(gaps: Iterable[Gap], life: Life | None) -> list[Span]:
    """Local times (UTC ns) in which a recorder had nothing of a stream."""
    if life is None:
        return [(_BEFORE, _AFTER)]
    off = [(gap.from_timestamp, gap.to_timestamp) for gap in gaps if gap.status != _FILLED]
    return union([(_BEFORE, life.first_ns), *off, (life.last_ns, _AFTER)])[0]


def _missed(gaps: Sequence[Gap], life: Life | None) -> list[_Missed]:
    numbered = life is not None and life.first_id is not None
    missed = [
        _Missed(missing_ids(gap), gap.from_timestamp, gap.to_timestamp, gap)
        for gap in gaps
        if gap.status != _FILLED
    ]
    if life is None:
        return [_Missed((_BEFORE, _AFTER), _BEFORE, _AFTER), _Missed(None, _BEFORE, _AFTER)]
    before = (_BEFORE, life.first_id - 1) if life.first_id is not None else None
    after = (life.last_id + 1, _AFTER) if life.last_id is not None else None
    missed.append(_Missed(before, _BEFORE, life.first_ns))
    missed.append(_Missed(after, life.last_ns, _AFTER))
    if numbered:  # gaps without ids of a stream with ids: the same outside
        missed.append(_Missed(None, _BEFORE, life.first_ns))
        missed.append(_Missed(None, life.last_ns, _AFTER))
    return missed


def _common(one: _Missed, other: _Missed) -> Gap | None:
    """The stretch that both lack; None if there is none, or if it has no end."""
    if (one.ids is None) is not (other.ids is None):
        return None
    decisive = _decisive(one.gap, other.gap)
    from_ns, to_ns = max(one.from_ns, other.from_ns), min(one.to_ns, other.to_ns)
    if one.ids is None or other.ids is None:
        if from_ns >= to_ns or from_ns == _BEFORE or to_ns == _AFTER:
            return None
        return _gap(one, other, decisive, from_ns, to_ns, None)
    first, last = max(one.ids[0], other.ids[0]), min(one.ids[1], other.ids[1])
    if first > last or first == _BEFORE or last == _AFTER:
        return None
    if from_ns > to_ns:  # the two clocks differ
        from_ns, to_ns = to_ns, from_ns
    return _gap(one, other, decisive, from_ns, to_ns, (first, last))


def _gap(
    one: _Missed, other: _Missed, decisive: Gap | None, from_ns: int, to_ns: int, ids: Span | None
) -> Gap | None:
    gaps = [each for each in (one.gap, other.gap) if each is not None]
    if decisive is None:
        template = Gap("", "", from_ns, to_ns, None, None, None, "restart", note=_NEITHER, as_of=to_ns)
    else:
        template = decisive
    # The size is known only where each recorder knows the size of its own gap.
    counted = ids is not None and all(each.missing is not None for each in gaps)
    size = ids[1] - ids[0] + 1 if ids is not None and counted else None
    status = "unfillable" if gaps and all(each.status == "unfillable" for each in gaps) else "open"
    return msgspec.structs.replace(
        template,
        from_timestamp=from_ns,
        to_timestamp=to_ns,
        from_id=None if ids is None else ids[0] - 1,
        to_id=None if ids is None else ids[1] + 1,
        missing=size,
        remaining=size,
        status=status,
        as_of=max([each.as_of for each in gaps], default=to_ns),
    )


def _decisive(one: Gap | None, other: Gap | None) -> Gap | None:
    """The row whose cause counts: that of the recorder which failed last, while the other was off."""
    gaps = [gap for gap in (one, other) if gap is not None]
    return max(gaps, key=lambda gap: (gap.from_timestamp, gap.cause, gap.note or ""), default=None)


def _pieces(gap: Gap, lacking: Sequence[Span]) -> list[Gap]:
    """The parts of a gap that the merged rows lack."""
    span = missing_ids(gap)
    if span is None:
        return [gap]
    return [
        msgspec.structs.replace(
            gap, from_id=first - 1, to_id=last + 1, missing=last - first + 1, remaining=last - first + 1
        )
        for first, last in common([span], lacking)
    ]


def _touches(row: Gap, gaps: Sequence[Gap], taken: Sequence[Span]) -> bool:
    span = missing_ids(row)
    if span is not None:
        return bool(common([span], taken))
    return any(
        gap.from_id is None
        and gap.from_timestamp < row.to_timestamp
        and gap.to_timestamp > row.from_timestamp
        for gap in gaps
    )


def _unique(gaps: Iterable[Gap]) -> list[Gap]:
    """One row for each gap: the latest, whichever recorder wrote it."""
    kept: dict[tuple[object, ...], Gap] = {}
    for gap in sorted(gaps, key=_order):
        ids = (gap.from_id, gap.to_id)
        kept[ids if gap.from_id is not None else (gap.from_timestamp, gap.to_timestamp)] = gap
    return sorted(kept.values(), key=lambda gap: (gap.from_timestamp, gap.from_id or 0, gap.to_timestamp))


def _order(gap: Gap) -> tuple[object, ...]:
    return gap.as_of, gap.status == _FILLED, gap.from_timestamp, gap.cause, gap.note or ""
