"""The verdict on a day, for what small lakes of Binance spot do not show."""

from __future__ import annotations

from daedalus.lake.audit import StreamDay, Verdict
from daedalus.lake.audit.assess import assess
from daedalus.lake.audit.facts import DayFacts
from daedalus.lake.books.replay import ReplayResult
from daedalus.lake.channels import IdScheme, id_scheme
from daedalus.lake.row_evidence import Evidence
from daedalus.lake.spans import Span
from daedalus.tables.gaps import Gap

DATE = "2026-09-22"
NS = 1_790_035_200 * 10**9


def day(exchange: str, channel: str, spans: list[Span], **more: object) -> StreamDay:
    found = Evidence(rows=100, spans=spans)
    scheme = id_scheme(exchange, channel)
    stream, _ = assess(DayFacts(DATE, exchange, channel, "A", scheme, found, **more))  # type: ignore[arg-type]
    return stream


def test_ids_that_a_exchange_spends_on_no_trade_leave_a_doubt() -> None:
    line = day("binance_futures", "trade", [(1, 50), (53, 100)])
    assert (line.verdict, line.missing, line.unledgered) == (Verdict.UNPROVED, 0, 0)
    assert "2 ids have no row" in line.doubts[0]
    assert day("binance_futures", "trade", [(1, 100)]).verdict is Verdict.COMPLETE


def test_aggregate_trades_settle_the_doubt() -> None:
    line = day("binance_futures", "trade", [(1, 50), (53, 100)], trade_ids=[(1, 50), (53, 100)])
    assert (line.verdict, line.missing) == (Verdict.COMPLETE, 0)
    assert "2 ids belong to no trade" in line.notes[0]
    line = day("binance_futures", "trade", [(1, 50), (53, 100)], trade_ids=[(1, 51), (53, 100)])
    assert (line.verdict, line.missing, line.unledgered) == (Verdict.BROKEN, 1, 1)
    line = day("binance_futures", "trade", [(1, 50), (53, 100)], trade_ids=[(60, 100)])
    assert line.verdict is Verdict.UNPROVED


def test_a_stream_that_fell_silent_is_told_with_the_time_since_when() -> None:
    def gap(cause: str, at: int, seconds: int) -> Gap:
        return Gap("t", "A", NS + at * 10**9, NS + (at + seconds) * 10**9, None, None, None, cause)

    line = day("binance", "bookTicker", [], gaps=[gap("silence", 3600, 90), gap("silence", 7200, 30)])
    assert line.verdict is Verdict.MISSING
    assert line.notes == ("silent for 120 s, since 01:00:00: what was missed is unknown (2 times)",)
    line = day("binance", "depth", [], gaps=[gap("snapshot", 60, 20)])
    assert line.notes == ("no book for 20 s: no snapshot came",)


def test_trades_whose_number_is_not_kept_prove_nothing() -> None:
    assert id_scheme("deribit", "trades") is IdScheme.CONSECUTIVE
    assert id_scheme("binance_futures", "trade") is IdScheme.SPARSE
    assert day("deribit", "trades", []).verdict is Verdict.UNPROVED


def test_a_chained_book_is_proved_by_its_digests() -> None:
    line = day("okx", "books", [], replayed=ReplayResult(messages=10, checked=((NS, True),)))
    assert (line.verdict, line.evidence) == (Verdict.COMPLETE, "digests")
    assert day("okx", "books", [], replayed=ReplayResult(messages=10)).verdict is Verdict.UNPROVED
    wrong = day("okx", "books", [], replayed=ReplayResult(messages=10, checked=((NS, True), (NS + 1, False))))
    assert (wrong.verdict, wrong.digests_wrong) == (Verdict.BROKEN, 1)


def test_the_digests_of_a_book_without_proof_prove_no_completeness() -> None:
    line = day(
        "coinbase_exchange", "level2_batch", [], replayed=ReplayResult(messages=10, checked=((NS, True),))
    )
    assert (line.verdict, line.evidence) == (Verdict.UNPROVED, "digests")


def test_numbers_that_start_anew_prove_nothing_on_that_day() -> None:
    gap = Gap("trade", "A", NS, NS + 5, 100, 3, None, "exchange", status="unfillable", as_of=NS)
    stream = day("binance", "trade", [(1, 10), (90, 100)], gaps=[gap])
    assert (stream.verdict, stream.missing, stream.unledgered) == (Verdict.MISSING, None, 0)
    assert "the exchange's ids started anew" in stream.notes


def test_an_id_that_is_there_again_is_no_duplicate_where_the_numbers_started_anew() -> None:
    gap = Gap("t", "A", NS, NS + 10, 100, 1, None, "exchange")
    told = day("binance", "trade", [(90, 100), (1, 95)], gaps=[gap])
    assert (told.duplicates, told.verdict) == (0, Verdict.MISSING)
    assert day("binance", "trade", [(90, 100), (1, 95)]).duplicates == 6


def test_a_gap_that_the_ledger_makes_smaller_than_it_is_is_told() -> None:
    gap = Gap("trade", "A", NS, NS + 5, 10, 20, 9, "exchange", status="open", remaining=4, as_of=NS)
    stream = day("binance", "trade", [(1, 10), (20, 30)], gaps=[gap])
    assert (stream.verdict, stream.missing, stream.unledgered) == (Verdict.BROKEN, 9, 5)
