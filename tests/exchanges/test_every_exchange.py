"""Every exchange that can be simulated, recorded with faults: what was left out is what the ledger says.

All recordings are made at once, before the first test: they wait far more than they work.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
from support.market_account import Account, Told
from support.rehearsal import Decoded, Line, lines_of
from support.scenarios import (
    CUTS,
    PAIR_CUTS,
    SIMULATED,
    Scenario,
    checks_books,
    counts_frames,
    cuts,
    disorder,
    farewell,
    fillable,
    has_numbered_trades,
    loss,
    noise,
    pairs,
    proves_books,
    says_farewell,
)

from daedalus.exchanges.model import Proof
from daedalus.lake import book_at
from daedalus.tables.registry import table_of
from daedalus.tables.rows import AggTrade, BookUpdate, Level, Trade

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

Levels = tuple[list[Level], list[Level]]

AT_ONCE = 8
"""Recordings that are made at the same time."""


def for_every_exchange(scenario: Scenario, those: Callable[[str], bool] = lambda _: True) -> Any:
    """Run a test on the recordings of a scenario, of all exchanges or of ``those``."""
    cases = [pytest.param((scenario, name), id=name) for name in SIMULATED if those(name)]
    return pytest.mark.parametrize("it", cases, indirect=True)


Outcome = Account | BaseException


@pytest.fixture(scope="module")
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[Scenario, str], Outcome]:
    """The recordings that the chosen tests need, or why there is none."""
    wanted = {
        item.callspec.params["it"]: None for item in request.session.items if item.module is request.module
    }
    directories = {
        (scenario, exchange): tmp_path_factory.mktemp(f"{exchange}-{scenario.__name__}")
        for scenario, exchange in wanted
    }

    async def one(turn: asyncio.Semaphore, scenario: Scenario, exchange: str) -> Account:
        async with turn:
            return await scenario(directories[scenario, exchange], exchange)

    async def all_of_them() -> list[Outcome]:
        turn = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(one(turn, *each) for each in wanted), return_exceptions=True)

    return dict(zip(wanted, asyncio.run(all_of_them()), strict=True))


@pytest.fixture
def it(request: pytest.FixtureRequest, recorded: dict[tuple[Scenario, str], Outcome]) -> Account:
    outcome = recorded[request.param]
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


# What must hold


@for_every_exchange(noise)
def test_what_comes_twice_or_damaged_is_counted_and_costs_nothing(it: Account) -> None:
    damaged = sum(not is_json(each.payload) for messages in it.received.values() for each in messages)
    assert damaged > 10
    assert (it.recorder.figure("malformed"), it.recorder.figure("unknown")) == (damaged, 0)
    assert (it.recorder.figure("reconnects"), it.recorder.figure("gaps")) == (0, 0)
    assert it.ledger == []
    assert it.missing == []
    assert max(it.trades.values()) == 1


@for_every_exchange(noise)
def test_tables_hold_what_was_sent_and_nothing_else(it: Account) -> None:
    sent: defaultdict[str, Counter[Line]] = defaultdict(Counter)
    numbered = set()
    for header, payload, rows in it.everything:
        if header.ids is not None:
            if payload in numbered:
                continue  # a message with a number is taken once, any other may be repeated
            numbered.add(payload)
        for row in rows:
            if not isinstance(row, Trade | AggTrade):
                sent[table_of(row)].update(lines_of(row))
    for table, lines in sent.items():
        found = it.lines(table)
        assert not lines - found
        assert all(("is_snapshot", True) in said for _, said in found - lines), (
            "only books over REST come on top"
        )


@for_every_exchange(noise)
def test_the_book_read_back_is_the_one_that_the_market_had(it: Account) -> None:
    known: defaultdict[str, list[tuple[int, Levels]]] = defaultdict(list)
    for moment in it.books():
        assert it.is_right(moment)
        known[moment.symbol].append((moment.local_timestamp, moment.book.levels()))
    assert set(known) == set(it.symbols)
    for symbol, moments in known.items():
        # Of those that came with one read of the socket the last, and not of the last read of all.
        at_ns, levels = [here for here, after in pairwise(moments) if here[0] < after[0]][-1]
        read = book_at(it.recorder.data, it.recorder.exchange, symbol, at_ns)
        assert (list(read.bids), list(read.asks)) == levels


@for_every_exchange(disorder, has_numbered_trades)
def test_trades_that_come_in_disorder_are_there_once_and_leave_no_gap(it: Account) -> None:
    assert it.received
    assert it.missing == []
    assert max(it.trades.values()) == 1
    assert {(gap["status"], gap["remaining"]) for gap in it.ledger} <= {("filled", 0)}


@for_every_exchange(loss)
def test_the_ledger_has_the_numbers_of_trades_that_were_left_out_and_no_others(it: Account) -> None:
    lost, came = numbers(it.lost), numbers(it.everything)
    for channel, symbol in came:
        if it.exchange.channels[channel].proof is not Proof.IDS or channel not in it.trade_channels:
            continue
        first, last = min(came[channel, symbol]), max(came[channel, symbol])
        gone = lost[channel, symbol] - came[channel, symbol]
        gaps = it.gaps(channel, symbol)
        told = {number for gap in gaps for number in range(gap["from_id"] + 1, gap["to_id"])}
        assert {number for number in gone if first < number < last} <= told <= lost[channel, symbol]
        assert all(gap["missing"] == gap["to_id"] - gap["from_id"] - 1 for gap in gaps)
        assert {gap["cause"] for gap in gaps} <= {"exchange"}


@for_every_exchange(loss)
def test_lost_trades_are_fetched_or_stay_in_the_ledger(it: Account) -> None:
    assert not fillable(it.recorder.exchange) or any(gap["status"] == "filled" for gap in it.ledger)
    provable = {name for name in it.trade_channels if it.exchange.channels[name].proof is not Proof.NONE}
    assert_absent_trades_are_told(it, provable)
    for gap in it.ledger:
        if gap["channel"] in it.trade_channels and gap["missing"] is not None:
            assert len(it.missing_in(gap)) <= gap["remaining"]


@for_every_exchange(loss)
def test_a_break_in_a_chain_is_a_gap_and_nothing_else_is(it: Account) -> None:
    for stream in numbers(it.everything):
        about = it.exchange.channels[stream[0]]
        if not about.consecutive or stream[0] in it.trade_channels:
            continue
        lost, gaps = numbers(it.lost)[stream], it.gaps(*stream)
        assert {gap["cause"] for gap in gaps} == {"exchange"}
        for gap in gaps:
            assert any(gap["from_id"] < number <= gap["to_id"] for number in lost)
        seen = range(min(gap["from_id"] for gap in gaps), max(gap["to_id"] for gap in gaps))
        # A snapshot on the stream stands for the message of its number.
        for number in lost - snapshots(it.everything)[stream]:
            told = [gap for gap in gaps if gap["from_id"] < number < gap["to_id"]]
            assert len(told) == 1 or number not in seen


@for_every_exchange(loss)
def test_nothing_is_claimed_of_what_cannot_be_proved(it: Account) -> None:
    assert not {
        gap["channel"] for gap in it.ledger if it.exchange.channels[gap["channel"]].proof is Proof.NONE
    }


@for_every_exchange(loss, counts_frames)
def test_lost_frames_make_the_streams_of_their_connection_suspect(it: Account) -> None:
    assert it.lost
    for connection in {each.connection for each in it.simulator.lost if each.connection in it.received}:
        for stream in streams(it, it.decoded[connection]):
            if not it.exchange.channels[stream[0]].consecutive:
                assert any(gap["cause"] == "exchange" and gap["missing"] is None for gap in it.gaps(*stream))


@for_every_exchange(loss, proves_books)
def test_books_are_right_again_after_every_loss(it: Account) -> None:
    assert_books(it, best=10 if checks_books(it.recorder.exchange) else None)


@for_every_exchange(cuts)
def test_an_outage_is_told_and_its_trades_are_fetched_or_stay_in_the_ledger(it: Account) -> None:
    assert it.received
    assert {gap["cause"] for gap in it.ledger} == {"disconnect"}
    assert max(it.trades.values()) == 1
    assert_absent_trades_are_told(it, set(it.trade_channels))


@for_every_exchange(cuts)
def test_a_stream_without_numbers_has_a_gap_for_each_outage(it: Account) -> None:
    for channel, symbol in streams(it, it.everything):
        if not it.exchange.channels[channel].consecutive:
            gaps = it.gaps(channel, symbol)
            assert len(gaps) == CUTS
            assert all(gap["missing"] is None for gap in gaps)
            assert all(gap["from_timestamp"] < gap["to_timestamp"] for gap in gaps)


@for_every_exchange(cuts)
def test_books_are_right_again_after_every_outage(it: Account) -> None:
    assert_books(it)


@for_every_exchange(pairs)
def test_two_connections_of_which_either_is_cut_miss_nothing(it: Account) -> None:
    assert len(it.received) >= 2 + PAIR_CUTS
    assert_nothing_is_missing(it)


@for_every_exchange(pairs)
def test_books_of_two_connections_are_right_throughout(it: Account) -> None:
    assert_books(it)


@for_every_exchange(farewell, says_farewell)
def test_a_exchange_that_says_farewell_is_left_in_time_and_nothing_is_missing(it: Account) -> None:
    ends = {row["cause"] for row in it.table("connections") if row["event"] == "close"}
    assert ends == {"replaced", "restart"}
    assert_nothing_is_missing(it)


@for_every_exchange(farewell, says_farewell)
def test_books_are_right_while_a_connection_is_replaced(it: Account) -> None:
    assert_books(it)


def assert_absent_trades_are_told(it: Account, channels: set[str]) -> None:
    """Every trade that is not there lies in a gap that says so, and none in one that is filled."""
    told: set[Told] = set()
    for gap in it.ledger:
        if gap["status"] == "filled":
            assert not it.missing_in(gap), gap
        else:
            told |= it.missing_in(gap, slack_ns=5 * 10**9)  # a message may come late on a busy machine
    assert {trade for trade, _, _ in it.missing if trade.channel in channels} <= told


def assert_nothing_is_missing(it: Account) -> None:
    """What any connection was sent is in the tables; trades and changes of books are there once."""
    assert it.ledger == []
    assert it.missing == []
    assert max(it.trades.values()) == 1
    lines: set[Line] = set()
    changes: Counter[Line] = Counter()  # as often as one of the connections was told
    begun = snapshots(it.everything)
    for messages in it.decoded.values():
        here: Counter[Line] = Counter()
        for header, _, rows in messages:
            for row in rows:
                if isinstance(row, BookUpdate) and not row.is_snapshot:
                    if header.ids is not None and header.ids.last in begun[header.channel, header.symbol]:
                        continue  # a snapshot on the stream stands for the message of its number
                    here.update(lines_of(row, timed=row.timestamp is not None))
                elif not isinstance(row, BookUpdate | Trade | AggTrade) and header.ids is None:
                    lines.update(lines_of(row, timed=row.timestamp is not None))
        changes |= here
    found: Counter[Line] = Counter()
    for table in {table for table, _ in lines | set(changes)}:
        found += it.lines(table) + it.lines(table, timed=True)
    assert lines - set(found) == set()
    assert {line for line, count in changes.items() if found[line] != count} == set()


def assert_books(it: Account, best: int | None = None) -> None:
    """Wherever tables and ledger let one believe a book, it is the market's of that moment."""
    wrong = [moment.local_timestamp - it.began_ns for moment in it.books() if not it.is_right(moment, best)]
    assert wrong == []
    assert sum(1 for _ in it.books()) > 20


def streams(it: Account, messages: Iterable[Decoded]) -> set[tuple[str, str]]:
    """The channels and symbols that messages are of; a stream for all symbols has none."""
    return {
        (header.channel, header.symbol if it.exchange.channels[header.channel].per_symbol else "")
        for header, _, _ in messages
    }


def numbers(messages: Iterable[Decoded]) -> defaultdict[tuple[str, str], set[int]]:
    """The numbers that messages carry, by stream: those of all their trades, of others the last."""
    found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for header, _, rows in messages:
        trades = any(isinstance(row, Trade | AggTrade) for row in rows)
        for part in (header, *header.more):
            if part.ids is not None and not part.is_snapshot:
                first = part.ids.first if trades else part.ids.last
                found[part.channel, part.symbol].update(range(first, part.ids.last + 1))
    return found


def snapshots(messages: Iterable[Decoded]) -> defaultdict[tuple[str, str], set[int]]:
    """The numbers of snapshots, by stream."""
    found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for header, _, _ in messages:
        if header.is_snapshot and header.ids is not None:
            found[header.channel, header.symbol].add(header.ids.last)
    return found


def is_json(payload: str | bytes) -> bool:
    try:
        json.loads(payload)
    except ValueError:
        return False
    return True
