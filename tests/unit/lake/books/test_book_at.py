"""A book at any moment: the recorder's own, or the reason why there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.lake_workbench import BEGIN, CONN, DAY, SECOND, Recording, audited, files, rewrite, stream

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.orderbook import Book
from daedalus.lake import NoBookError, book_at
from daedalus.lake.books import moment
from daedalus.store.raw import RawKind
from daedalus.tables.rows import BookUpdate

MIDNIGHT = datetime(2026, 9, 22, tzinfo=UTC)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    recording = Recording(tmp_path)
    recording.opened(0, ["depth"])
    recording.depth(1, 1, 1, [["98", "1"]], [])
    recording.snapshot(1.5, 1)
    recording.depth(2, 2, 2, [["98", "0"]], [["101", "3"]])
    recording.depth(70, 3, 3, [["97", "5"]], [])
    recording.depth(71, 4, 4, [["96", "5"]], [], symbol="B")
    recording.depth(80, 4, 4, [["99", "1"]], [])
    return recording


def at(lake: Path, seconds: float, **more: int) -> tuple[dict[float, float], dict[float, float]]:
    found = book_at(lake, "binance", "A", BEGIN + int(seconds * SECOND), **more)
    return dict(found.bids), dict(found.asks)


def test_a_book_is_what_its_messages_made_of_it(recording: Recording) -> None:
    lake = recording.seal()
    bids, asks = at(lake, 60)
    assert 98.0 not in bids
    assert (bids[97.0], asks[101.0]) == (7.0, 3.0)
    bids, _ = at(lake, 75)
    assert (bids[97.0], bids[99.0]) == (5.0, 7.0)
    assert at(lake, 80.005)[0][99.0] == 1.0
    assert at(lake, 80.0049)[0][99.0] == 7.0


def test_it_says_what_its_last_update_was_and_which_digest_it_had(recording: Recording) -> None:
    found = book_at(recording.seal(), "binance", "A", "2026-09-22T00:01:15", depth=2)
    assert (found.last_id, found.local_ns) == (3, BEGIN + 70_005_000_000)
    assert found.verified_ns == BEGIN + 60 * SECOND
    assert found.bids == ((99.0, 7.0), (97.0, 5.0))
    assert found.asks == ((101.0, 3.0), (102.0, 7.0))


def test_before_the_first_snapshot_there_is_none(recording: Recording) -> None:
    lake = recording.seal()
    with pytest.raises(NoBookError, match="no snapshot of A"):
        at(lake, 1.2)
    with pytest.raises(NoBookError, match="before that time"):
        at(lake, -100)


def test_within_a_gap_and_behind_it_there_is_none_until_a_snapshot(recording: Recording) -> None:
    recording.depth(90, 9, 9, [["99", "2"]], [])
    recording.depth(100, 10, 10, [["99", "4"]], [])
    recording.snapshot(110, 10)
    recording.depth(120, 11, 11, [["90", "0"]], [])
    lake = recording.seal()
    with pytest.raises(NoBookError, match=r"missing between 2026-09-22 00:01:20.005 and .*exchange"):
        at(lake, 85)
    with pytest.raises(NoBookError, match=r"4 updates are missing \(exchange\), and no snapshot"):
        at(lake, 105)
    assert at(lake, 115)[0][99.0] == 7.0
    assert 90.0 not in at(lake, 121)[0]


def test_while_no_connection_stood_there_is_none(recording: Recording) -> None:
    recording.closed(85, ["depth"])
    other = "20260922T000000000000-1"
    recording.opened(95, ["depth"], cause="disconnect", conn=other)
    recording.depth(96, 5, 5, [["99", "2"]], [], conn=other)
    lake = recording.seal()
    with pytest.raises(NoBookError, match="there was no connection"):
        at(lake, 90)
    assert at(lake, 97)[0][99.0] == 2.0


def test_where_the_lake_ends_there_is_none(recording: Recording) -> None:
    with pytest.raises(NoBookError, match="the lake ends there"):
        at(recording.seal(), 1000)


def test_rows_that_were_removed_are_no_book(recording: Recording) -> None:
    lake = recording.seal()
    (path,) = files(lake, "book_updates")
    rewrite(path, lambda table: table.filter(pc.not_equal(table["last_id"], 3)))
    with pytest.raises(NoBookError, match="between the updates 2 and 4"):
        at(lake, 81)


def test_rows_that_were_altered_are_no_book(recording: Recording) -> None:
    recording.depth(140, 5, 5, [["90", "1"]], [])
    lake = recording.seal()
    (path,) = files(lake, "book_updates")

    def alter(table: pa.Table) -> pa.Table:
        index = table.schema.get_field_index("amount")
        changed = pc.if_else(pc.equal(table["last_id"], 2), 8.0, table["amount"])
        return table.set_column(index, table.schema.field(index), changed)

    rewrite(path, alter)
    with pytest.raises(NoBookError, match="not the book that the recorder had at 2026-09-22 00:02:00"):
        at(lake, 141)


def test_it_goes_back_over_days_and_files_to_the_last_snapshot(recording: Recording) -> None:
    recording.seal()
    for number, hour in enumerate(range(1, 30, 7), 5):
        recording.depth(hour * 3600, number, number, [["91", f"{hour}"]], [])
        recording.seal()
    bids, _ = at(recording.lake, 29 * 3600 + 1)
    assert (bids[91.0], bids[97.0]) == (29.0, 5.0)


def test_a_snapshot_of_another_connection_does_not_shorten_the_book(recording: Recording) -> None:
    """The newest snapshot has fewer levels than the book: the digest tells, and an older one is taken."""
    recording.depth(90, 5, 5, [["50", "1"]], [])
    recording.snapshot(100, 4)
    recording.depth(130, 6, 6, [["51", "1"]], [])
    lake = recording.seal()
    assert at(lake, 131)[0][50.0] == 1.0


def test_the_book_equals_one_that_followed_the_messages(recording: Recording) -> None:
    recording.depths(5, 400, at=90)
    exchange, book = EXCHANGES["binance"], Book()
    end = BEGIN + 391 * SECOND
    for row in recording.rows("depth"):
        if row.symbol != "A" or row.recv_ns > end or row.kind not in ("message", "snapshot"):
            continue
        if row.kind == "snapshot":
            header = exchange.rest.classify_snapshot("A", row.payload)
            updates = exchange.rest.normalize_snapshot(header, row.payload)
        else:
            header = exchange.messages.classify(row.payload)
            updates = exchange.messages.normalize(header, row.payload)
        for update in updates:
            assert isinstance(update, BookUpdate)
            book.apply(update)
    assert at(recording.seal(), 391) == (book.bids, book.asks)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-09-22T00:00:01", 1),
        ("2026-09-22T00:00:01.000000005Z", 1.000000005),
        ("2026-09-22 02:00:00+02:00", 0),
        ("2026-09-23", DAY),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, seconds: float) -> None:
    assert moment(text) == BEGIN + round(seconds * SECOND)
    assert moment(MIDNIGHT + timedelta(seconds=2)) == BEGIN + 2 * SECOND


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="nine digits"):
        moment("2026-09-22T00:00:01.0000000001")
    with pytest.raises(ValueError, match="ISO 8601, got 'noon'"):
        moment("noon")


def test_while_no_snapshot_came_there_is_none(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.opened(0, ["depth"])
    recording.depths(1, 100, at=1)
    recording.note("depth", RawKind.NO_BOOK, 60.0, since_ns=BEGIN, reason="the exchange answers <html>")
    recording.snapshot(60.001, 59)
    lake = recording.seal()
    with pytest.raises(NoBookError):
        at(lake, 30)
    assert at(lake, 61)[0]


def test_a_snapshot_without_levels_empties_the_book_and_is_no_fault(recording: Recording) -> None:
    recording.depth(90, 9, 9, [["99", "2"]], [])
    recording.add("depth", RawKind.SNAPSHOT, 95, b'{"lastUpdateId":9,"bids":[],"asks":[]}', "A", CONN)
    recording.depth(130, 10, 10, [["12", "1"]], [])
    recording.depth(190, 11, 11, [], [["13", "2"]])
    lake = recording.seal()
    assert at(lake, 80.005)[0]
    assert at(lake, 100) == ({}, {})
    assert at(lake, 191) == ({12.0: 1.0}, {13.0: 2.0})
    report = audited(lake)
    assert not report.findings
    assert stream(report, "depth").digests == 3


def test_a_book_that_begins_empty_is_rebuilt_from_there(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.opened(0, ["depth"])
    recording.depth(1, 1, 1, [], [])
    recording.add("depth", RawKind.SNAPSHOT, 1.5, b'{"lastUpdateId":1,"bids":[],"asks":[]}', "A", CONN)
    recording.depth(2, 2, 2, [["98", "1"]], [])
    recording.depth(70, 3, 3, [["97", "5"]], [])
    lake = recording.seal()
    assert at(lake, 1.7) == ({}, {})
    assert at(lake, 71) == ({98.0: 1.0, 97.0: 5.0}, {})
    line = stream(audited(lake), "depth")
    assert (line.digests, line.digests_wrong, line.notes) == (1, 0, ())
