"""Files whose rows are not the ones that were written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.lake_workbench import DAY, Recording, audited, files, stream

from daedalus.lake.audit import Report, Verdict
from daedalus.lake.books import book_at
from daedalus.lake.table_file import AlteredFileError


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def kinds(report: Report) -> set[str]:
    return {finding.kind for finding in report.findings}


def changed(path: Path, column: str) -> None:
    """Another value in one row of a file, which is sound and says of itself what it said before."""
    table = pq.ParquetFile(path).read()
    values = table[column].to_pylist()
    values[len(values) // 2] = values[len(values) // 2] * 2
    at = table.schema.get_field_index(column)
    pq.write_table(
        table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type)), path
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [("trades", "amount"), ("quotes", "bid_amount"), ("gaps", "to_id"), ("book_updates", "price")],
)
def test_an_altered_value_is_found_in_every_table(recording: Recording, table: str, column: str) -> None:
    recording.opened(0, ["trade", "bookTicker", "depth"])
    recording.trades([*range(40), *range(50, 100)])
    recording.depths(1, 30, at=1)
    recording.snapshot(0.5, 0)
    for number in range(30):
        recording.quote(number, number)
    lake = recording.seal()
    assert audited(lake).sound
    changed(files(lake, table)[0], column)
    report = audited(lake)
    assert "altered" in kinds(report)
    assert any(column in finding.text for finding in report.findings)


def test_rows_removed_at_the_end_are_found(recording: Recording) -> None:
    recording.trades(range(100))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    pq.write_table(pq.ParquetFile(path).read().slice(0, 90), path)
    (finding,) = audited(lake).findings
    assert (finding.kind, finding.text) == ("altered", "it has 90 rows, and 100 were written")


def test_files_that_changed_places_are_found(recording: Recording) -> None:
    for number in range(30):
        recording.quote(number, number)
    recording.seal()
    for number in range(30):
        recording.quote(100 + number, 100 + number)
    lake = recording.seal()
    one, other = files(lake, "quotes")
    aside = one.with_suffix(".aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    report = audited(lake)
    assert [finding.kind for finding in report.findings] == ["altered", "altered"]
    assert "written as quotes/" in report.findings[0].text


def test_a_book_is_not_rebuilt_from_altered_rows(recording: Recording) -> None:
    recording.opened(0, ["depth"])
    recording.depths(1, 30, at=1)
    recording.snapshot(0.5, 0)
    lake = recording.seal()
    changed(files(lake, "book_updates")[0], "price")
    with pytest.raises(AlteredFileError):
        book_at(lake, "binance", "A", "2026-09-22T00:00:20")


def test_files_of_an_older_version_are_counted_and_no_fault(recording: Recording) -> None:
    recording.trades(range(100))
    lake = recording.seal()
    for path in lake.rglob("*.parquet"):
        pq.write_table(pq.read_table(path, partitioning=None), path)
    report = audited(lake)
    assert report.sound
    assert report.unclaimed == len(list(lake.rglob("*.parquet")))


def test_two_files_with_the_same_number_of_rows_and_times_of_receipt_are_two(recording: Recording) -> None:
    # Two trades around the exchange's midnight, received in one read.
    recording.trade(DAY - 0.001, 1)
    recording.trade(DAY + 0.001, 2, late=-0.002)
    lake = recording.seal()
    assert len(files(lake, "trades")) == 2
    report = audited(lake)
    assert report.sound, report.findings


def test_a_day_that_is_none_is_a_finding(recording: Recording) -> None:
    recording.trades(range(10))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    for odd in ("2026-13-45", "0000-01-01", "9999-12-31"):
        folder = path.parent.with_name(f"date={odd}")
        folder.mkdir()
        shutil.copy(path, folder / path.name)
    report = audited(lake)
    assert kinds(report) == {"stranger"}
    assert {finding.where.split("/")[2] for finding in report.findings} == {
        "date=2026-13-45",
        "date=0000-01-01",
        "date=9999-12-31",
    }


def ids_in_gap(recording: Recording) -> Path:
    """Depth 1..100, a gap to 111, 111..160, a snapshot at 160, and on over full minutes."""
    recording.opened(0, ["depth"])
    recording.snapshot(0.5, 0)
    for number in [*range(1, 101), *range(111, 400)]:
        recording.depth(number, number, number)
        if number == 160:
            recording.snapshot(160.5, 160)
    return recording.seal()


@pytest.mark.parametrize("claim", [True, False])
def test_a_digest_vouches_for_no_row_from_before_its_book_began(recording: Recording, claim: bool) -> None:
    lake = ids_in_gap(recording)
    assert audited(lake).sound
    (path,) = files(lake, "book_updates")
    table = pq.ParquetFile(path).read() if claim else pq.read_table(path, partitioning=None)
    gone = pc.and_(pc.greater_equal(table["last_id"], 121), pc.less_equal(table["last_id"], 140))
    pq.write_table(table.filter(pc.invert(gone)), path)
    report = audited(lake)
    assert {"altered", "unledgered"} <= kinds(report)
    assert stream(report, "depth").unledgered == 20


def test_messages_without_levels_behind_a_gap_are_no_loss_where_the_file_is_whole(
    recording: Recording,
) -> None:
    recording.opened(0, ["depth"])
    recording.snapshot(0.5, 0)
    for number in [*range(1, 101), *range(111, 400)]:
        empty = {"bids": [], "asks": []} if 121 <= number <= 125 else {}
        recording.depth(number, number, number, **empty)  # type: ignore[arg-type]
        if number == 160:
            recording.snapshot(160.5, 160)
    report = audited(recording.seal())
    assert report.sound, report.findings
    line = stream(report, "depth")
    assert line.verdict is Verdict.MISSING
    assert any("files that have every row written" in note for note in line.notes)
