"""Two recorders, one truth: what either has is there once, and the ledger tells what both missed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lake_workbench import BEGIN, DAY, SECOND, Recording, audited, files, stream

from daedalus.lake import NoBookError, book_at, open_lake
from daedalus.lake.audit import Verdict
from daedalus.lake.merge import Merged, merge
from daedalus.storage import StorageSettings, TargetError, open_target
from daedalus.store.raw import RawKind

PLAIN = {"baseAsset": "A", "quoteAsset": "B", "filters": []}
SECOND_CONN = "20260922T000001000000-0"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Recording, Recording]:
    return Recording(tmp_path / "a"), Recording(tmp_path / "b", late=0.009)


def joined(one: Path, other: Path, out: Path) -> Merged:
    lakes = [open_lake(StorageSettings(target=str(each))) for each in (one, other)]
    there = open_lake(StorageSettings(target=str(out))).listing() if out.is_dir() else None
    return merge(*lakes, open_target(StorageSettings(target=str(out))), there)


def rows(lake: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in files(lake, table):
        read = pq.read_table(path, partitioning=None)
        for index, field in enumerate(read.schema):
            if pa.types.is_timestamp(field.type):
                read = read.set_column(index, field.name, read[field.name].cast(pa.int64()))
        found += read.to_pylist()
    return found


def content(lake: Path) -> dict[str, bytes]:
    return {str(path.relative_to(lake)): path.read_bytes() for path in lake.rglob("*.parquet")}


def test_each_fills_the_other_s_gaps(pair: tuple[Recording, Recording], tmp_path: Path) -> None:
    one, other = pair
    one.trades([*range(1, 50), *range(60, 101)])
    other.trades([*range(1, 30), *range(40, 101)], conn=SECOND_CONN)
    done = joined(one.seal(), other.seal(), tmp_path / "out")
    assert [int(row["id"]) for row in rows(tmp_path / "out", "trades")] == list(range(1, 101))
    assert (done.filled, done.missed) == (2, 0)
    report = audited(tmp_path / "out")
    line = stream(report, "trade")
    assert (line.verdict, line.missing, line.gaps_filled) == (Verdict.REPAIRED, 0, 2)
    assert report.sound


def test_what_came_first_stays(pair: tuple[Recording, Recording], tmp_path: Path) -> None:
    one, other = pair
    one.trades(range(1, 11))
    other.trades(range(1, 11), conn=SECOND_CONN)
    joined(other.seal(), one.seal(), tmp_path / "out")
    late = {row["local_timestamp"] - row["timestamp"] for row in rows(tmp_path / "out", "trades")}
    assert late == {5_000_000}


def test_what_both_missed_is_in_the_ledger(pair: tuple[Recording, Recording], tmp_path: Path) -> None:
    one, other = pair
    one.trades([*range(1, 50), *range(60, 101)])
    other.trades([*range(1, 45), *range(55, 101)], conn=SECOND_CONN)
    joined(one.seal(), other.seal(), tmp_path / "out")
    (gap,) = rows(tmp_path / "out", "gaps")
    told = (gap["from_id"], gap["to_id"], gap["missing"], gap["remaining"], gap["status"], gap["cause"])
    assert told == (49, 55, 5, 5, "open", "exchange")
    report = audited(tmp_path / "out")
    assert stream(report, "trade").missing == 5
    assert report.sound


def test_rows_that_were_removed_from_both_do_not_get_into_the_ledger(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    one, other = pair
    for each in pair:
        each.trades(range(1, 101))
        (path,) = files(each.seal(), "trades")
        table = pq.read_table(path, partitioning=None)
        pq.write_table(pa.concat_tables([table.slice(0, 50), table.slice(55)]), path)
    joined(one.lake, other.lake, tmp_path / "out")
    assert not files(tmp_path / "out", "gaps")
    assert stream(audited(tmp_path / "out"), "trade").unledgered == 5


def test_one_that_was_there_before_and_one_after_leave_the_time_between(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    one, other = pair
    one.trades(range(1, 50))
    for number in range(10):
        one.quote(number, number)
    other.trades(range(60, 100), at=DAY, conn=SECOND_CONN)
    for number in range(10):
        other.quote(DAY + number, 100 + number, conn=SECOND_CONN)
    joined(one.seal(), other.seal(), tmp_path / "out")
    gaps = {gap["channel"]: gap for gap in rows(tmp_path / "out", "gaps")}
    assert (gaps["trade"]["from_id"], gaps["trade"]["to_id"], gaps["trade"]["missing"]) == (49, 60, 10)
    assert gaps["bookTicker"]["missing"] is None
    assert gaps["bookTicker"]["to_timestamp"] - gaps["bookTicker"]["from_timestamp"] > 86_000 * SECOND
    assert audited(tmp_path / "out").sound


def test_quotes_are_joined_by_their_ids(pair: tuple[Recording, Recording], tmp_path: Path) -> None:
    one, other = pair
    for number in range(100):
        if not 20 <= number < 30:
            one.quote(number, number)
        if not 25 <= number < 50:
            other.quote(number, number, conn=SECOND_CONN)
    joined(one.seal(), other.seal(), tmp_path / "out")
    ids = [row["last_id"] for row in rows(tmp_path / "out", "quotes")]
    assert ids == [number for number in range(100) if not 25 <= number < 30]


def test_a_channel_of_one_recorder_alone_is_taken_as_it_is(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    one, other = pair
    one.trades([*range(1, 50), *range(60, 101)])
    other.quote(1, 1, conn=SECOND_CONN)
    joined(one.seal(), other.seal(), tmp_path / "out")
    assert rows(tmp_path / "out", "trades") == rows(one.lake, "trades")
    (gap,) = rows(tmp_path / "out", "gaps")
    assert gap == rows(one.lake, "gaps")[0]


def test_connections_of_both_are_there(pair: tuple[Recording, Recording], tmp_path: Path) -> None:
    one, other = pair
    one.opened(0, ["trade"])
    one.trades(range(10))
    one.closed(20, ["trade"])
    other.opened(0, ["trade"], conn=SECOND_CONN)
    joined(one.seal(), other.seal(), tmp_path / "out")
    events = [(row["conn"], row["event"]) for row in rows(tmp_path / "out", "connections")]
    assert len(events) == 3


def book_of(recording: Recording, lost: set[int], snapshots: list[tuple[float, int]], conn: str) -> Path:
    recording.opened(0, ["depth"], conn=conn)
    for number in range(1, 401):
        if number not in lost:
            recording.depth(number, number, number, conn=conn)
    for at, last in snapshots:
        recording.snapshot(at, last, conn=conn)
    return recording.seal()


def test_a_book_rebuilt_from_both_is_the_one_of_a_recorder_that_lost_nothing(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    lossless = book_of(Recording(tmp_path / "c", late=0.002), set(), [(5.5, 5)], SECOND_CONN)
    one, other = pair
    a = book_of(one, set(range(100, 130)), [(5.5, 5), (140.5, 140)], SECOND_CONN)
    b = book_of(other, {*range(1, 20), *range(200, 210)}, [(25.5, 25), (220.5, 220)], SECOND_CONN)
    out = tmp_path / "out"
    joined(a, b, out)
    report = audited(out)
    line = stream(report, "depth")
    assert report.sound
    assert (line.verdict, line.missing, line.ids, line.digests_wrong) == (Verdict.REPAIRED, 0, 400, 0)
    assert line.digests == 6
    for at in (90, 120, 205, 300, 399):
        moment = BEGIN + at * SECOND + SECOND // 2
        whole, found = (book_at(lake, "binance", "A", moment) for lake in (lossless, out))
        assert (found.last_id, found.bids, found.asks) == (whole.last_id, whole.bids, whole.asks)


def test_a_gap_in_both_books_voids_the_joined_one_until_a_snapshot(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    one, other = pair
    a = book_of(one, set(range(100, 130)), [(5.5, 5), (200.5, 200)], SECOND_CONN)
    b = book_of(other, set(range(120, 140)), [(5.5, 5), (230.5, 230)], SECOND_CONN)
    out = tmp_path / "out"
    joined(a, b, out)
    assert [(gap["from_id"], gap["to_id"], gap["status"]) for gap in rows(out, "gaps")] == [
        (119, 130, "unfillable")
    ]
    report = audited(out)
    assert report.sound
    assert stream(report, "depth").missing == 10
    assert book_at(out, "binance", "A", BEGIN + 119 * SECOND).last_id == 118
    assert book_at(out, "binance", "A", BEGIN + 201 * SECOND).last_id == 200
    with pytest.raises(NoBookError, match="missing"):
        book_at(out, "binance", "A", BEGIN + 150 * SECOND)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32))
def test_it_gives_the_same_bytes_in_either_order_and_once_more(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    place = tmp_path_factory.mktemp("merge")
    lakes = []
    heard: list[set[int]] = []
    for name, conn, late in (("a", "x-0", 0.005), ("b", "y-0", chance.choice([0.005, 0.011]))):
        recording = Recording(place / name, late=late)
        recording.opened(0, ["trade", "depth", "bookTicker"], conn=conn)
        lost: set[int] = set()
        for _ in range(3):
            first = chance.randint(2, 280)
            lost |= set(range(first, first + chance.randint(1, 20)))
        for number in range(1, 300):
            at = DAY - 150 + number
            if number not in lost:
                recording.trade(at, number, conn=conn)
                recording.depth(at, number, number, conn=conn)
                recording.quote(at, number, conn=conn)
            if number % 40 == 3:
                recording.snapshot(at + 0.3, number, conn=conn)
            if number == 200:
                recording.seal()
        heard.append(set(range(1, 300)) - lost)
        lakes.append(recording.seal())
    one, other = lakes
    joined(one, other, place / "out")
    joined(other, one, place / "turned")
    assert content(place / "out") == content(place / "turned")
    assert joined(one, other, place / "out").unchanged == len(content(place / "out"))
    joined(place / "out", one, place / "again")
    for table in ("trades", "book_updates", "quotes", "book_digests"):
        assert rows(place / "again", table) == rows(place / "out", table)
    assert {int(row["id"]) for row in rows(place / "out", "trades")} == heard[0] | heard[1]
    report = audited(place / "out")
    assert report.sound, report.findings
    missing = sum(line.missing or 0 for line in report.streams if line.channel == "trade")
    inside = range(min(heard[0] | heard[1]), max(heard[0] | heard[1]) + 1)
    assert missing == len(set(inside) - heard[0] - heard[1])
    assert audited(place / "again").sound


def test_a_list_that_is_asked_for_once_a_day_has_no_gap(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    listed = {"timezone": "UTC", "symbols": [{"symbol": "A", "status": "TRADING"} | PLAIN]}
    one, other = pair
    one.note("instruments", RawKind.INSTRUMENTS, 1, "", **listed)
    other.note("instruments", RawKind.INSTRUMENTS, 6, "", SECOND_CONN, **listed)
    joined(one.seal(), other.seal(), tmp_path / "out")
    assert len(rows(tmp_path / "out", "instruments")) == 1
    assert rows(tmp_path / "out", "gaps") == []


def test_a_place_that_holds_something_else_is_refused(
    pair: tuple[Recording, Recording], tmp_path: Path
) -> None:
    one, other = pair
    one.trades(range(10))
    other.trades(range(10), at=1, conn=SECOND_CONN)
    a, b = one.seal(), other.seal()
    with pytest.raises(TargetError, match="not of this merge"):
        joined(a, b, b)
