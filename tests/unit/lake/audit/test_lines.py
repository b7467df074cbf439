"""Lines of text that are never cut."""

from __future__ import annotations

from daedalus.lake.audit import StreamDay, Verdict
from daedalus.lake.audit.lines import aligned, percent_text, sentence, stream_lines


def line(**more: object) -> StreamDay:
    plain: dict[str, object] = {
        "date": "2026-09-22",
        "exchange": "coinbase_exchange",
        "channel": "level2_batch",
        "symbol": "BTC-USD",
        "verdict": Verdict.UNPROVED,
        "proof": "none",
        "evidence": "ledger",
    }
    return StreamDay(**plain | more)  # type: ignore[arg-type]


def test_every_verdict_fits_80_columns_with_the_longest_names() -> None:
    days = [
        line(verdict=Verdict.COMPLETE, evidence="digests", proof="sequence"),
        line(verdict=Verdict.UNPROVED, proof="sequence"),
        line(verdict=Verdict.MISSING, missing=None, complete_percent=99.99, basis="time"),
        line(verdict=Verdict.BROKEN),
        line(lossy="the exchange thins it out", seconds_unconnected=12345.6),
    ]
    lines = stream_lines(days)
    assert max(map(len, lines)) <= 80
    for each, day in zip(lines, days, strict=True):
        assert each.startswith("2026-09-22")
        assert day.symbol in each
        assert sentence(day) in each


def test_figures_are_added_as_far_as_there_is_room() -> None:
    day = line(exchange="okx", channel="books", seconds_unconnected=1.5, complete_percent=99.0, basis="time")
    assert stream_lines([day])[0].endswith("cannot be proved, 99 % of time, off 1.5 s")
    assert stream_lines([day], width=60)[0].endswith("cannot be proved")


def test_a_line_too_long_for_the_width_is_one_line_all_the_same() -> None:
    (only,) = stream_lines([line(symbol="X" * 60)])
    assert only.endswith("cannot be proved")


def test_columns_are_as_wide_as_their_longest_text() -> None:
    assert aligned([("a", "1"), ("bcd", "22")], right=[1]) == ["a     1", "bcd  22"]
    assert aligned([]) == []


def test_a_name_that_would_drive_a_terminal_is_written_out() -> None:
    (only,) = stream_lines([line(exchange="okx", symbol="a\x1b[2J\x07")])
    assert "a\\x1b[2J\\x07" in only


def test_a_percentage_is_never_rounded_up_to_all() -> None:
    assert (percent_text(100), percent_text(99.9999999), percent_text(50.5)) == ("100", "99.999", "50.5")
