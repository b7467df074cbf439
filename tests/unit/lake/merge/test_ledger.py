"""The ledger of two recorders: what both missed."""

from __future__ import annotations

from daedalus.lake.merge.ledger import Life, join_ledgers, off_times
from daedalus.tables.gaps import Gap

WHOLE = Life(0, 1000, 1, 1000)


def gap(from_id: int | None, to_id: int | None, at: int = 0, to: int | None = None, **more: object) -> Gap:
    missing = None if from_id is None or to_id is None else to_id - from_id - 1
    usual = Gap(
        "c", "A", at, to or at + 10, from_id, to_id, missing, "exchange", remaining=missing, as_of=at + 10
    )
    return Gap(**{name: more.get(name, getattr(usual, name)) for name in Gap.__struct_fields__})


def told(rows: list[Gap]) -> list[tuple[object, ...]]:
    return [(row.from_id, row.to_id, row.missing, row.status) for row in rows]


def test_gaps_that_meet_leave_what_they_share() -> None:
    joined = join_ledgers([gap(10, 20, 10)], [gap(15, 30, 15)], [WHOLE, WHOLE])
    assert told(joined) == [(15, 20, 4, "open")]
    assert (joined[0].from_timestamp, joined[0].to_timestamp) == (15, 20)


def test_gaps_that_do_not_meet_are_filled() -> None:
    joined = join_ledgers([gap(10, 20, 10)], [gap(30, 40, 30)], [WHOLE, WHOLE])
    assert told(joined) == [(10, 20, 9, "filled"), (30, 40, 9, "filled")]
    assert {row.note for row in joined} == {"the other recorder has it"}
    assert {row.remaining for row in joined} == {0}


def test_a_gap_behind_the_other_s_end_stays() -> None:
    assert told(join_ledgers([gap(10, 20, 10)], [], [WHOLE, Life(0, 12, 1, 12)])) == [(12, 20, 7, "open")]


def test_where_only_one_recorder_was_its_ledger_is_the_ledger() -> None:
    rows = [gap(10, 20, 10, cause="crash", status="unfillable", note="gone")]
    assert join_ledgers(rows, [], [WHOLE, None]) == rows
    assert join_ledgers([], rows, [None, WHOLE]) == rows


def test_a_chain_does_not_say_how_many_both_missed() -> None:
    one, other = gap(10, 20, 10, missing=None, remaining=None), gap(15, 30, 15, missing=None, remaining=None)
    assert told(join_ledgers([one], [other], [WHOLE, WHOLE])) == [(15, 20, None, "open")]


def test_what_rows_show_to_be_there_is_not_missing() -> None:
    joined = join_ledgers([gap(10, 20)], [gap(10, 20)], [WHOLE, WHOLE], [(12, 13), (17, 17)])
    assert told(joined) == [(11, 14, 2, "open"), (16, 18, 1, "open")]


def test_times_without_ids_are_joined_by_time() -> None:
    lives = [Life(0, 1000), Life(0, 1000)]
    joined = join_ledgers([gap(None, None, 100, 200)], [gap(None, None, 150, 300)], lives)
    assert [(row.from_timestamp, row.to_timestamp, row.status) for row in joined] == [(150, 200, "open")]
    assert join_ledgers([gap(None, None, 100, 200)], [], lives)[0].status == "filled"


def test_times_in_which_a_recorder_had_nothing() -> None:
    off = off_times([gap(None, None, 100, 200), gap(None, None, 300, 400, status="filled")], Life(50, 500))
    assert [span for span in off if span[0] > 0 and span[1] < 1000] == [(100, 200)]
    assert (off[0][1], off[-1][0]) == (50, 500)
