"""The audit of small lakes: what is said of a sound one, and of each kind of damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.lake_workbench import DAY, Recording, audited, files, rewrite, stream

from daedalus.lake.audit import Verdict


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def kinds(report: object) -> set[str]:
    return {finding.kind for finding in report.findings}  # type: ignore[attr-defined]


def test_trades_without_a_gap_are_proved_by_their_ids(recording: Recording) -> None:
    recording.trades(range(100, 200))
    report = audited(recording.seal())
    line = stream(report, "trade")
    assert (line.verdict, line.rows, line.ids, line.missing) == (Verdict.COMPLETE, 100, 100, 0)
    assert (line.complete_percent, line.basis, line.evidence) == (100.0, "ids", "ids")
    assert line.clock_offset_ms == pytest.approx(5.0)
    assert report.sound


def test_a_gap_that_the_ledger_names_is_missing_and_no_fault_of_the_lake(recording: Recording) -> None:
    recording.trades([*range(1, 50), *range(60, 100)])
    report = audited(recording.seal())
    line = stream(report, "trade")
    assert (line.verdict, line.missing, line.gaps_open) == (Verdict.MISSING, 10, 1)
    assert line.complete_percent == pytest.approx(100 * 89 / 99)
    assert report.sound


def test_a_gap_that_was_filled_in_a_later_segment_is_repaired(recording: Recording) -> None:
    recording.trades([*range(1, 50), *range(60, 100)])
    recording.seal()
    recording.backfill(200, range(50, 60), 49)
    recording.trades(range(100, 110), at=210)
    report = audited(recording.seal())
    line = stream(report, "trade")
    assert (line.verdict, line.missing, line.gaps_open, line.gaps_filled) == (Verdict.REPAIRED, 0, 0, 1)
    assert report.sound


def test_a_gap_over_midnight_is_the_day_s_in_which_it_begins(recording: Recording) -> None:
    recording.trades(range(1, 11), at=DAY - 20)
    recording.trades(range(15, 30), at=DAY + 1)
    report = audited(recording.seal())
    assert stream(report, "trade", "2026-09-22").missing == 4
    assert stream(report, "trade", "2026-09-23").missing == 0
    assert report.sound


def test_rows_removed_at_midnight_are_found(recording: Recording) -> None:
    recording.trades(range(1, 41), at=DAY - 20)
    lake = recording.seal()
    first, second = files(lake, "trades")
    rewrite(first, lambda table: table.slice(0, table.num_rows - 2))
    rewrite(second, lambda table: table.slice(3))
    report = audited(lake)
    assert stream(report, "trade", "2026-09-22").unledgered == 5
    assert kinds(report) == {"unledgered"}


def test_days_without_rows_in_between_hide_no_gap(recording: Recording) -> None:
    recording.trades(range(1, 11))
    recording.trades(range(1, 11), symbol="B")
    recording.seal()
    recording.trades(range(11, 21), at=DAY, symbol="B")
    recording.seal()
    recording.trades(range(21, 31), at=2 * DAY)
    recording.trades(range(21, 31), at=2 * DAY, symbol="B")
    lake = recording.seal()
    for path in files(lake, "gaps"):
        path.unlink()
    report = audited(lake)
    gone = [(line.date, line.symbol, line.unledgered) for line in report.streams if line.unledgered]
    assert gone == [("2026-09-24", "A", 10)]


def test_removed_rows_are_found(recording: Recording) -> None:
    recording.trades(range(1, 101))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    rewrite(path, lambda table: pa.concat_tables([table.slice(0, 40), table.slice(43)]))
    report = audited(lake)
    line = stream(report, "trade")
    assert (line.verdict, line.missing, line.unledgered) == (Verdict.BROKEN, 3, 3)
    assert kinds(report) == {"unledgered"}


def test_rows_removed_beside_a_gap_of_the_ledger_are_found(recording: Recording) -> None:
    recording.trades([*range(1, 50), *range(60, 100)])
    lake = recording.seal()
    (path,) = files(lake, "trades")
    rewrite(path, lambda table: pa.concat_tables([table.slice(0, 48), table.slice(50)]))
    assert stream(audited(lake), "trade").unledgered == 2


def test_a_backfill_that_was_removed_contradicts_the_ledger(recording: Recording) -> None:
    recording.trades([*range(1, 50), *range(60, 100)])
    recording.seal()
    recording.backfill(200, range(50, 60), 49)
    recording.trades(range(100, 110), at=210)
    lake = recording.seal()
    rewrite(files(lake, "trades")[1], lambda table: table.filter(pc.not_equal(table["source"], "backfill")))
    report = audited(lake)
    assert kinds(report) == {"altered", "not filled"}
    assert stream(report, "trade").verdict is Verdict.BROKEN


def test_a_gap_still_called_open_whose_ids_are_there_is_told_and_no_fault(recording: Recording) -> None:
    recording.trades([*range(1, 50), *range(60, 100)])
    recording.seal()
    recording.backfill(200, range(50, 60), 49)
    lake = recording.seal()
    files(lake, "gaps")[1].unlink()
    report = audited(lake)
    line = stream(report, "trade")
    assert (line.missing, line.gaps_open) == (0, 1)
    assert "10 ids have a row though the ledger calls them missing" in line.doubts
    assert report.sound
    assert not report.agrees


def test_a_deleted_file_in_the_middle_is_found(recording: Recording) -> None:
    for hour in range(3):
        recording.trades(range(100 * hour, 100 * hour + 100), at=3600 * hour)
        recording.seal()
    lake = recording.lake
    files(lake, "trades")[1].unlink()
    report = audited(lake)
    assert stream(report, "trade").unledgered == 100
    assert kinds(report) == {"unledgered"}


def test_a_duplicated_file_is_found(recording: Recording) -> None:
    recording.trades(range(100))
    recording.quote(5, 1)
    recording.quote(6, 2)
    lake = recording.seal()
    for table in ("trades", "quotes"):
        (path,) = files(lake, table)
        channel, _, number = path.stem.partition("-")
        shutil.copy(path, path.with_name(f"{channel}-{int(number) + 1:019d}.parquet"))
    report = audited(lake)
    assert kinds(report) == {"altered", "duplicates", "duplicate file"}
    assert stream(report, "trade").duplicates == 100
    assert sum(finding.kind == "duplicate file" for finding in report.findings) == 2


def test_a_file_of_another_name_is_found(recording: Recording) -> None:
    recording.trades(range(100))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    shutil.copy(path, path.with_name("copy.parquet"))
    report = audited(lake)
    assert kinds(report) == {"stranger"}
    assert stream(report, "trade").rows == 100


def test_a_file_in_another_day_s_folder_is_found(recording: Recording) -> None:
    recording.trades(range(100))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    moved = path.parent.with_name("date=2026-09-23") / path.name
    moved.parent.mkdir()
    path.rename(moved)
    assert kinds(audited(lake)) == {"altered", "misplaced"}


def test_a_row_whose_time_cannot_be_lies_rightly_in_the_day_it_came(recording: Recording) -> None:
    recording.trades(range(20))
    recording.trade(-15 * 3600, 20, late=15 * 3600 + 20)
    recording.trades(range(21, 30), at=21)
    report = audited(recording.seal())
    assert kinds(report) == set()
    assert stream(report, "trade").rows == 30


def test_a_repeated_row_is_told_where_there_are_no_ids(recording: Recording) -> None:
    for number in range(10):
        recording.quote(number, number)
    lake = recording.seal()
    (path,) = files(lake, "quotes")
    rewrite(path, lambda table: pa.concat_tables([table.slice(0, 4), table.slice(3)]))
    report = audited(lake)
    assert stream(report, "bookTicker").doubts == ("1 row is identical to the row before",)
    assert report.sound  # an exchange may have repeated itself


def test_a_flipped_bit_is_found_or_changes_no_row(recording: Recording) -> None:
    recording.trades(range(2000), every=0.01)
    lake = recording.seal()
    (path,) = files(lake, "trades")
    sound = path.read_bytes()
    rows = pq.read_table(path, partitioning=None)
    found = 0
    for at in range(4, len(sound), max(1, len(sound) // 150)):
        damaged = bytearray(sound)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        report = audited(lake)
        found += not report.sound
        assert not report.sound or pq.read_table(path, partitioning=None).equals(rows), at
    assert found > 75
    path.write_bytes(sound[:-100])
    assert kinds(audited(lake)) == {"damaged"}


def test_what_has_no_ids_is_counted_apart_from_what_is_clean(recording: Recording) -> None:
    recording.trades(range(100))
    for number in range(10):
        recording.quote(number, number)
    report = audited(recording.seal())
    assert stream(report, "bookTicker").verdict is Verdict.UNPROVED
    (total,) = report.totals["exchange"]
    assert (total.days, total.intact, total.proved) == (2, 2, 1)
    assert (total.intact_percent, total.proved_percent) == (100.0, 50.0)


def test_time_without_a_connection_is_counted_where_there_are_no_ids(recording: Recording) -> None:
    recording.opened(0, ["bookTicker"])
    for number in range(50):
        recording.quote(number, number)
    recording.closed(50, ["bookTicker"])
    other = "20260922T000000000000-1"
    recording.opened(60, ["bookTicker"], cause="disconnect", conn=other)
    for number in range(60, 101):
        recording.quote(number, number, conn=other)
    report = audited(recording.seal())
    line = stream(report, "bookTicker")
    assert line.verdict is Verdict.MISSING
    assert line.missing is None
    assert line.seconds_unconnected == pytest.approx(10.0)
    assert line.complete_percent == pytest.approx(90.0)
    assert line.basis == "time"


def test_a_file_deleted_at_the_end_is_found_while_others_go_on(recording: Recording) -> None:
    recording.opened(0, ["trade", "bookTicker"])
    for hour in range(4):
        recording.trades(range(360 * hour, 360 * hour + 360), at=3600 * hour, every=10)
        for number in range(360):
            recording.quote(3600 * hour + number * 10, 360 * hour + number)
        recording.seal()
    lake = recording.lake
    assert audited(lake).sound
    for path in files(lake, "trades")[2:]:
        path.unlink()
    report = audited(lake)
    assert kinds(report) == {"silent"}
    assert "2026-09-22 02:00" in report.findings[0].text


def test_a_channel_that_was_taken_off_at_a_restart_is_not_called_silent(recording: Recording) -> None:
    recording.opened(0, ["trade", "bookTicker"])
    recording.trades(range(360), every=10)
    for number in range(360):
        recording.quote(number * 10, number)
    recording.closed(3600, ["trade", "bookTicker"])
    recording.seal()
    other = "20260922T010005000000-0"
    recording.opened(3605, ["bookTicker"], cause="restart", conn=other)
    for number in range(360, 1440):
        recording.quote(number * 10 + 10, number, conn=other)
    assert audited(recording.seal()).sound


def test_raw_in_the_lake_tells_of_a_file_deleted_at_the_end(recording: Recording) -> None:
    recording.trades(range(100))
    recording.seal()
    recording.trades(range(100, 200), at=3600)
    lake = recording.seal(include_raw=True)
    assert audited(lake).sound
    files(lake, "trades")[1].unlink()
    report = audited(lake)
    assert kinds(report) == {"file missing"}
    assert "100 messages" in report.findings[0].text


def test_a_data_directory_is_audited_over_both_states(recording: Recording) -> None:
    recording.trades(range(100))
    recording.seal()
    recording.trades(range(100, 200), at=3600)
    recording.seal()
    ready = recording.layout.tables("ready")
    first = files(ready, "trades")[0]
    synced = recording.layout.tables("synced") / first.relative_to(ready)
    synced.parent.mkdir(parents=True)
    first.rename(synced)
    report = audited(recording.layout.data_dir)
    assert stream(report, "trade").ids == 200
    assert report.sound


def test_a_damaged_table_of_the_ledger_or_the_connections_is_found(recording: Recording) -> None:
    recording.opened(0, ["trade"])
    recording.trades([*range(1, 50), *range(60, 100)])
    lake = recording.seal()
    for table in ("gaps", "connections"):
        (path,) = files(lake, table)
        sound = path.read_bytes()
        path.write_bytes(sound[:-20])
        assert "damaged" in kinds(audited(lake))
        path.write_bytes(sound)
    assert audited(lake).sound


def test_a_question_narrows_what_is_read(recording: Recording) -> None:
    recording.trades(range(100), at=DAY - 50)
    recording.trades(range(100), at=DAY - 50, symbol="B")
    for number in range(10):
        recording.quote(number, number)
    lake = recording.seal()
    assert {line.symbol for line in audited(lake, symbol="B").streams} == {"B"}
    assert {line.channel for line in audited(lake, channel="trade").streams} == {"trade"}
    assert {line.date for line in audited(lake, since="2026-09-23").streams} == {"2026-09-23"}
    assert not audited(lake, exchange="kraken").streams
