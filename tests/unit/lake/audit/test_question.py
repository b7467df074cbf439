"""What is asked of an audit: an unknown name is an error, and nothing found is no success."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.lake_workbench import CONN, DAY, Recording, audited, files, stream

from daedalus.lake.audit import StreamDay, UnknownNameError, Verdict

MIDNIGHT = DAY
NEXT = "2026-09-23"


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


@pytest.fixture
def lake(recording: Recording) -> Path:
    recording.opened(0, ["trade", "depth"])
    recording.trades(range(100))
    recording.depths(1, 99, at=1)
    recording.snapshot(0.5, 0)
    return recording.seal()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"exchange": "binanse"}, "unknown exchange 'binanse'. Did you mean 'binance'"),
        ({"channel": "trades"}, "unknown channel 'trades'. Did you mean 'trade'"),
        ({"exchange": "binance", "channel": "dept"}, "unknown channel 'dept'. Did you mean 'depth'"),
        ({"symbol": "AA"}, "unknown symbol 'AA'. Did you mean 'A'"),
    ],
)
def test_an_unknown_name_is_an_error_that_tells_the_nearest(
    lake: Path, question: dict[str, str], told: str
) -> None:
    with pytest.raises(UnknownNameError, match=told.replace(".", r"\.")):
        audited(lake, **question)


@pytest.mark.parametrize(
    "question",
    [{"since": "2027-01-01"}, {"until": "2026-01-01"}, {"exchange": "kraken"}, {"channel": "bookTicker"}],
)
def test_where_nothing_was_found_nothing_is_sound(lake: Path, question: dict[str, str]) -> None:
    report = audited(lake, **question)
    assert [finding.kind for finding in report.findings] == ["nothing"]
    assert not report.sound
    assert not report.agrees


def test_a_symbol_is_spelled_as_the_exchange_does(lake: Path) -> None:
    assert stream(audited(lake, symbol="a"), "trade").rows == 100


def over_midnight(recording: Recording, *channels: str) -> Path:
    """Quotes and trades until ten minutes before midnight and from twenty behind it on."""
    lost, back = MIDNIGHT - 600, MIDNIGHT + 1200
    recording.opened(lost - 600, channels)
    for number in range(100):
        recording.quote(lost - 599 + 5 * number, number)
        recording.trade(lost - 599 + 5 * number, number)
    recording.closed(lost, channels)
    recording.seal()
    after = CONN.replace("20260922", "20260923")
    recording.note("_connection", kind("OPEN"), back, "", after, url="wss://here")
    for channel in channels:
        recording.note(channel, kind("SUBSCRIBED"), back + 1, conn=after, cause="disconnect")
    for number in range(100):
        recording.quote(back + 2 + 5 * number, 1000 + number, conn=after)
        recording.trade(back + 2 + 5 * number, 150 + number, conn=after)
    return recording.seal()


def kind(name: str) -> object:
    from daedalus.store.raw import RawKind

    return RawKind[name]


@pytest.mark.parametrize("ledger", [True, False])
def test_a_day_alone_has_the_figures_that_it_has_in_the_whole(recording: Recording, ledger: bool) -> None:
    lake = over_midnight(recording, "bookTicker", "trade")
    if not ledger:
        for path in files(lake, "gaps"):
            path.unlink()
    for date in ("2026-09-22", NEXT):
        whole = [line for line in audited(lake).streams if line.date == date]
        assert whole
        assert list(audited(lake, since=date, until=date).streams) == whole
    quotes = stream(audited(lake, since=NEXT, until=NEXT), "bookTicker")
    assert 1195 < quotes.seconds_unconnected < 1205
    assert quotes.complete_percent is not None
    assert quotes.complete_percent < 50


def test_a_day_that_was_lost_as_a_whole_is_a_day_of_which_something_is_missing(recording: Recording) -> None:
    recording.opened(0, ["bookTicker"])
    recording.quote(1, 1)
    recording.closed(10, ["bookTicker"])
    recording.seal()
    recording.opened(2 * DAY + 5, ["bookTicker"], cause="disconnect")
    recording.quote(2 * DAY + 6, 2)
    lake = recording.seal()
    line = stream(audited(lake), "bookTicker", NEXT)
    assert (line.verdict, line.rows) == (Verdict.MISSING, 0)
    assert round(line.seconds_unconnected) == DAY
    assert list(audited(lake, since=NEXT, until=NEXT).streams) == [line]


def lines(lake: Path) -> list[StreamDay]:
    return [line for line in audited(lake).streams if line.channel == "trade"]


def test_a_gap_is_told_once_where_the_two_clocks_are_days_apart(recording: Recording) -> None:
    # The exchange's own times are three days before the recorder's.
    recording.opened(3 * DAY, ["trade"])
    for number in [*range(1, 50), *range(60, 101)]:
        recording.trade(number, number, late=3 * DAY)
    lake = recording.seal()
    report = audited(lake)
    assert report.sound, report.findings
    assert sum(line.missing or 0 for line in lines(lake)) == 10
    assert sum(line.gaps_open for line in lines(lake)) == 1


def test_lines_are_found_whatever_day_the_rows_are_dated_by(recording: Recording) -> None:
    # As earlier versions filed them: by the exchange's time, however far from the recorder's.
    recording.opened(3 * DAY, ["trade"])
    recording.trades([*range(1, 50), *range(60, 101)], at=3 * DAY)
    lake = recording.seal()
    for path in [*files(lake, "gaps"), *files(lake, "trades")]:
        table = pq.read_table(path, partitioning=None)
        if path in files(lake, "trades"):
            at = table.schema.get_field_index("timestamp")
            early = pc.subtract(table["timestamp"].cast(pa.int64()), 3 * DAY * 10**9)
            table = table.set_column(at, table.schema.field(at), early.cast(table.schema.field(at).type))
            path.unlink()
            path = path.parent.with_name("date=2026-09-22") / path.name
            path.parent.mkdir()
        pq.write_table(table, path, write_page_checksum=True)
    report = audited(lake)
    assert report.sound, report.findings
    (line,) = lines(lake)
    assert (line.date, line.missing, line.gaps_open, line.verdict) == ("2026-09-22", 10, 1, Verdict.MISSING)


def test_a_clock_some_minutes_off_at_midnight_moves_no_gap_twice(recording: Recording) -> None:
    recording.opened(DAY - 60, ["trade"])
    recording.trades([*range(1, 50), *range(60, 2000)], at=DAY - 1860, late=1800)
    lake = recording.seal()
    report = audited(lake)
    assert report.sound, report.findings
    assert [(line.date, line.missing) for line in lines(lake)] == [("2026-09-22", 10), (NEXT, 0)]
