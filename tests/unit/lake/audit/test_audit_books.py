"""The audit of books: what is rebuilt from the lake has the recorder's digests, or it is told."""

from __future__ import annotations

import random
import shutil
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lake_workbench import BEGIN, CONN, DAY, SECOND, Recording, audited, files, rewrite, stream

from daedalus.lake import open_lake
from daedalus.lake.audit import Verdict
from daedalus.lake.books.messages import Digest, Message
from daedalus.lake.books.replay import BookReplay
from daedalus.lake.merge import merge
from daedalus.storage import StorageSettings, open_target
from daedalus.store.raw import RawKind
from daedalus.tables.rows import BookUpdate


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def kinds(report: object) -> set[str]:
    return {finding.kind for finding in report.findings}  # type: ignore[attr-defined]


def ten_minutes(recording: Recording) -> Path:
    """Ids 1 to 600, one a second, with a snapshot after the fifth."""
    recording.opened(0, ["depth"])
    recording.depths(1, 600, at=1)
    recording.snapshot(5.5, 5)
    return recording.seal()


def test_a_book_without_a_gap_is_proved_by_ids_and_digests(recording: Recording) -> None:
    report = audited(ten_minutes(recording))
    line = stream(report, "depth")
    assert (line.verdict, line.evidence) == (Verdict.COMPLETE, "ids and digests")
    assert (line.ids, line.digests, line.digests_wrong, line.missing) == (600, 10, 0, 0)
    assert report.sound


def test_a_gap_ends_at_a_snapshot_and_digests_go_on(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.depths(1, 200, at=1)
    recording.snapshot(5.5, 5)
    recording.depths(221, 600, at=221)
    recording.snapshot(300.5, 299)
    report = audited(recording.seal())
    line = stream(report, "depth")
    assert (line.verdict, line.missing, line.gaps_unfillable) == (Verdict.MISSING, 20, 1)
    assert (line.digests, line.digests_wrong) == (8, 0)
    assert report.sound


def test_a_level_that_was_altered_is_found_by_the_digest(recording: Recording) -> None:
    lake = ten_minutes(recording)
    (path,) = files(lake, "book_updates")

    def alter(table: pa.Table) -> pa.Table:
        amounts = table["amount"].to_pylist()
        *_, at = (
            row for row, last in enumerate(table["last_id"].to_pylist()) if last == 299 and amounts[row]
        )
        amounts[at] += 0.5
        index = table.schema.get_field_index("amount")
        return table.set_column(index, table.schema.field(index), pa.array(amounts))

    rewrite(path, alter)
    assert kinds(audited(lake)) == {"altered", "digest"}


def test_a_message_that_was_removed_is_found(recording: Recording) -> None:
    lake = ten_minutes(recording)
    (path,) = files(lake, "book_updates")
    rewrite(path, lambda table: table.filter(pc.not_equal(table["last_id"], 118)))
    report = audited(lake)
    line = stream(report, "depth")
    assert line.verdict is Verdict.BROKEN
    assert line.unledgered == 1 or line.digests_wrong > 0


def test_messages_without_levels_are_vouched_for_by_the_digest(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.depths(1, 100, at=1)
    recording.snapshot(5.5, 5)
    recording.depth(101, 101, 101, [], [])
    recording.depths(102, 400, at=102)
    report = audited(recording.seal())
    line = stream(report, "depth")
    assert report.sound
    assert line.verdict is Verdict.COMPLETE
    assert any("messages without levels" in note for note in line.notes)


def test_a_file_of_a_book_that_was_deleted_is_found_by_what_else_its_segment_left(
    recording: Recording,
) -> None:
    ten_minutes(recording)
    recording.depths(601, 1200, at=601)
    lake = recording.seal()
    assert audited(lake).sound
    files(lake, "book_updates")[1].unlink()
    assert {"file missing", "digest"} <= kinds(audited(lake))


def test_a_duplicated_file_of_a_book_is_found(recording: Recording) -> None:
    lake = ten_minutes(recording)
    (path,) = files(lake, "book_updates")
    shutil.copy(path, path.with_name(path.name.replace("depth-1", "depth-2")))
    assert kinds(audited(lake)) == {"altered", "duplicate file", "duplicates"}


def test_a_second_connection_s_snapshot_changes_nothing(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.depths(1, 100, at=1)
    recording.snapshot(5.5, 5)
    for number in range(101, 400, 4):
        recording.depth(number, number, number + 3)
    # Late, within an update's ids; ahead of them; and at the very id of one, before and after it.
    for at, last in ((150.5, 143), (180.2, 190), (212.5, 212), (230.9, 236)):
        recording.snapshot(at, last)
    report = audited(recording.seal())
    line = stream(report, "depth")
    assert (line.digests, line.digests_wrong) == (6, 0)
    assert report.sound


def test_a_day_alone_goes_back_to_the_last_snapshot(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.snapshot(0.5, 0)
    for day in range(4):
        for number in range(1, 200):
            recording.depth(day * DAY + number, day * 199 + number, day * 199 + number)
        recording.seal()
    lake = recording.lake
    line = stream(audited(lake), "depth", "2026-09-25")
    assert (line.digests, line.doubts) == (4, ())
    assert list(audited(lake, since="2026-09-25").streams) == [line]


def test_a_day_alone_takes_its_book_from_the_day_before(recording: Recording) -> None:
    recording.opened(DAY - 300, ["depth"])
    recording.depths(1, 600, at=DAY - 300)
    recording.snapshot(DAY - 290.5, 5)
    lake = recording.seal()
    report = audited(lake, since="2026-09-23")
    line = stream(report, "depth")
    assert (line.digests, line.digests_wrong, line.verdict) == (5, 0, Verdict.COMPLETE)
    shutil.rmtree(lake / "book_updates" / "exchange=binance" / "date=2026-09-22")
    report = audited(lake, since="2026-09-23")
    assert "were not compared" in stream(report, "depth").doubts[0]


def test_a_book_over_several_segments_and_row_groups_is_one_book(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.snapshot(0.5, 0)
    recording.depths(1, 300, at=1)
    recording.seal()
    recording.depths(301, 600, at=301)
    lake = recording.seal()
    for path in files(lake, "book_updates"):
        table = pq.ParquetFile(path).read()  # with what the file says of its rows: they are the same
        pq.write_table(table, path, row_group_size=7, write_page_checksum=True)
    report = audited(lake)
    assert report.sound
    assert stream(report, "depth").digests == 10


@settings(max_examples=12, derandomize=True)
@given(seed=st.integers(0, 2**32), late=st.integers(0, 6))
def test_whatever_is_lost_on_the_way_a_sound_lake_is_never_called_broken(
    seed: int, late: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    recording = Recording(tmp_path_factory.mktemp("lake"))
    recording.opened(0, ["depth", "trade"])
    at, number, whole_at, came = 1.0, 1, 1000.0, 0.0
    while at < 900:
        size = chance.choice([1, 1, 3])
        if at > whole_at and chance.random() < 0.01:
            number += chance.randint(1, 30)
            whole_at = 1000.0
        recording.depth(at, number, number + size - 1)
        recording.trade(at, number)
        if chance.random() < 0.02:
            last = max(1, number + chance.randint(-late, late))
            came = at + chance.choice([0.1, 1.6, 4.1])
            recording.snapshot(came, last)
            if last >= number:
                whole_at = min(whole_at, came)
        if at > came and chance.random() < 0.003:
            recording.seal()
        number += size
        at += chance.choice([0.5, 2])
    report = audited(recording.seal())
    assert report.sound, report.findings


def message(local: float, last: int | None, levels: list[tuple[float, float]], **more: bool) -> Message:
    update = BookUpdate("A", None, more.get("is_snapshot", False), levels, [], last, last)
    return Message(update, int(local * SECOND))


def test_a_book_without_ids_goes_by_time() -> None:
    replay = BookReplay("A", numbered=False, may_restart=True)
    replay.feed(message(1, None, [(1.0, 1.0)], is_snapshot=True))
    replay.feed(message(59, None, [(2.0, 1.0)]))
    replay.expect_digests([Digest(60 * SECOND, None, 2, 0, replay.book.digest())])
    replay.feed(message(60, None, [(2.0, 0.0)]))
    found = replay.take(over=True)
    assert found.checked == ((60 * SECOND, True),)


def test_numbers_that_start_anew_with_a_snapshot_start_a_new_book() -> None:
    replay = BookReplay("A", numbered=True, may_restart=True)
    replay.feed(message(1, 500, [(1.0, 1.0)], is_snapshot=True))
    replay.feed(message(2, 501, [(2.0, 1.0)]))
    replay.feed(message(3, 1, [(5.0, 1.0)], is_snapshot=True))
    replay.feed(message(4, 2, [(6.0, 1.0)]))
    assert replay.book.bids == {5.0: 1.0, 6.0: 1.0}
    assert not replay.take(over=True).jumps


def test_a_stretch_without_a_book_is_told_though_no_update_is_missing(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.depths(1, 600, at=1)
    since = BEGIN + 5_000_000
    recording.note("depth", RawKind.NO_BOOK, 100.0, since_ns=since, reason="the exchange answers <html>")
    recording.snapshot(100.001, 99)
    report = audited(recording.seal())
    line = stream(report, "depth")
    assert (line.verdict, line.missing, line.digests, line.digests_wrong) == (Verdict.MISSING, 0, 9, 0)
    assert "no book for 100 s: no snapshot came" in line.notes
    assert line.seconds_unconnected == 0
    assert report.sound


def thin(kind: str, amount: int, *, right: bool = False) -> bytes:
    """A message of Kraken's about a book of three levels a side, with a checksum that is right or wrong."""
    best = ("100.5", f"{amount}.25")
    bids = [best, ("100.2", "2.50"), ("100.1", "3.75")]
    asks = [("101.5", "1.50"), ("101.7", "2.25"), ("102.1", "3.12")]
    digits = "".join(number.replace(".", "").lstrip("0") for level in (*asks, *bids) for number in level)
    checksum = zlib.crc32(digits.encode()) + (not right)
    sides = (bids, asks) if kind == "snapshot" else ([best], [])
    bid, ask = (",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in side) for side in sides)
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{bid}],"asks":[{ask}],'
        f'"checksum":{checksum},"timestamp":"2026-09-22T00:00:00.000000Z"}}]}}'
    ).encode()


def thin_book(count: int, *, right: bool = False) -> list[bytes]:
    return [thin("update" if n else "snapshot", n + 1, right=right) for n in range(count)]


def kraken_book(directory: Path, messages: list[bytes]) -> Path:
    """One message every ten seconds."""
    recording = Recording(directory, exchange="kraken")
    recording.note("book", RawKind.SUBSCRIBED, 0, "BTC/USD", cause="start")
    for position, payload in enumerate(messages):
        recording.add("book", RawKind.MESSAGE, 1 + 10 * position, payload, "BTC/USD", CONN)
    return recording.seal()


def test_a_book_whose_checksums_agree_is_proved(tmp_path: Path) -> None:
    line = stream(audited(kraken_book(tmp_path, thin_book(30, right=True))), "book", symbol="BTC/USD")
    assert (line.verdict, line.digests, line.doubts) == (Verdict.COMPLETE, 4, ())


@pytest.mark.parametrize("before", [0, 15])
def test_checksums_that_could_not_be_compared_prove_nothing(tmp_path: Path, before: int) -> None:
    lake = kraken_book(tmp_path, [*thin_book(before, right=True), *thin_book(19)])
    line = stream(audited(lake), "book", symbol="BTC/USD")
    assert line.verdict is Verdict.UNPROVED
    assert line.digests == (2 if before else 0)
    assert line.doubts == ("the exchange's checksums could not be compared in 3 minutes",)


def test_a_merge_proves_no_more_than_its_sources(tmp_path: Path) -> None:
    lakes = [kraken_book(tmp_path / name, thin_book(19)) for name in "ab"]
    target = StorageSettings(target=str(tmp_path / "out"))
    merge(*(open_lake(StorageSettings(target=str(lake))) for lake in lakes), open_target(target))
    assert stream(audited(tmp_path / "out"), "book", symbol="BTC/USD").verdict is Verdict.UNPROVED
