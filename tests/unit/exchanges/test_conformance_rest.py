"""What every exchange is asked for over REST, and what its answers give, as `samples.py` says."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from support.exchange_samples import Asked, Backfill, Gap, Listed, Snapshot, said
from unit.exchanges.sampled import EACH, SAMPLES, each_of

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Ids, Missing, RestRequest
from daedalus.exchanges.reading import UNREADABLE


def request(asked: Asked | None) -> RestRequest | None:
    return RestRequest(*asked) if asked else None


# Books


@each_of("snapshots")
def test_the_body_of_a_book_is_read_with_its_ids(name: str, sample: Snapshot) -> None:
    header = EXCHANGES[name].rest.classify_snapshot(sample.symbol, sample.body)
    assert said(header) == sample.said
    assert tuple(EXCHANGES[name].rest.normalize_snapshot(header, sample.body)) == sample.rows


@each_of("snapshots_refused")
def test_an_error_is_no_book(name: str, sample: tuple[str, bytes]) -> None:
    assert said(EXCHANGES[name].rest.classify_snapshot(*sample)).kind == "malformed"


@EACH
def test_a_book_over_rest_is_asked_for_where_a_channel_says_so(name: str) -> None:
    exchange, samples = EXCHANGES[name], SAMPLES[name]
    by_rest = any(about.snapshot == "rest" for about in exchange.channels.values())
    assert (
        by_rest == bool(samples.snapshots) == bool(samples.snapshots_refused) == bool(samples.snapshot_asked)
    )
    for symbol, asked in samples.snapshot_asked.items():
        assert exchange.rest.snapshot_request(symbol) == request(asked)


# Backfills


@each_of("backfills")
def test_an_answer_to_a_backfill_has_its_ids_and_its_rows_oldest_first(name: str, sample: Backfill) -> None:
    header = EXCHANGES[name].rest.classify_backfill(sample.channel, sample.symbol, sample.body)
    assert said(header) == sample.said
    assert tuple(EXCHANGES[name].rest.normalize_backfill(header, sample.body)) == sample.rows


@each_of("backfills")
def test_an_answer_fills_of_a_gap_what_it_has_and_no_more(name: str, sample: Backfill) -> None:
    if not EXCHANGES[name].channels[sample.channel].consecutive or sample.said.ids is None:
        return
    runs = [each.ids for each in (sample.said, *sample.said.more) if each.ids]
    continuity = Continuity(EXCHANGES[name].channels)
    for number in (runs[0][0] - 1, runs[-1][1] + 1):
        ends = Data(sample.channel, sample.symbol, Ids(number, number))
        continuity.observe(ends, 0)
    header = EXCHANGES[name].rest.classify_backfill(sample.channel, sample.symbol, sample.body)
    for each in (header, *header.more):
        continuity.observe(each, 0)
    left = [(one[1] + 1, other[0] - 1) for one, other in pairwise(runs)]
    assert continuity.open_gaps(sample.channel, sample.symbol) == left


@each_of("backfills_refused")
def test_an_error_is_no_answer_to_a_backfill(name: str, sample: tuple[str, str, bytes]) -> None:
    assert said(EXCHANGES[name].rest.classify_backfill(*sample)).kind == "malformed"


@each_of("backfill_asked")
def test_a_gap_is_asked_for_as_the_exchange_wants_it(name: str, sample: tuple[Gap, Asked | None]) -> None:
    gap, asked = sample
    assert EXCHANGES[name].rest.backfill_request(Missing(*gap)) == request(asked)


@EACH
def test_each_channel_with_a_history_shows_a_request_an_answer_and_one_without_rows(name: str) -> None:
    exchange, samples = EXCHANGES[name], SAMPLES[name]
    symbol = samples.symbols(1)
    told = {channel for channel, about in exchange.channels.items() if about.history}
    assert {gap[0] for gap, asked in samples.backfill_asked if asked} == told
    assert {each.channel for each in samples.backfills if each.rows} == told
    assert any(not each.rows for each in samples.backfills) == bool(samples.backfills_refused) == bool(told)
    for channel in set(exchange.channels) - told:
        assert exchange.rest.backfill_request(Missing(channel, symbol, 1, 2, 1, 2)) is None


# Instruments


@each_of("lists")
def test_instruments_are_listed_with_their_steps(name: str, sample: Listed) -> None:
    found = EXCHANGES[name].rest.instruments(sample.body)
    assert tuple(found) == sample.instruments
    assert [EXCHANGES[name].requests.symbol(each.symbol) for each in found] == [each.symbol for each in found]


@EACH
def test_the_list_of_instruments_is_asked_for_where_there_is_one(name: str) -> None:
    exchange, samples = EXCHANGES[name], SAMPLES[name]
    assert exchange.rest.instruments_requests() == tuple(request(each) for each in samples.lists_asked)
    assert bool(samples.lists_asked) == bool(samples.lists) == (samples.listing is not None)


def listed(name: str, entries: list[Any]) -> bytes:
    listing = SAMPLES[name].listing
    assert listing is not None
    return json.dumps(listing.wrapped(entries)).encode()


LISTING = [name for name in SAMPLES if SAMPLES[name].listing]


@pytest.mark.parametrize(
    ("name", "bad"), [(name, bad) for name in LISTING for bad in SAMPLES[name].listing.damaged]
)
def test_an_entry_that_cannot_be_read_costs_itself_alone(name: str, bad: Any) -> None:
    listing = SAMPLES[name].listing
    assert listing is not None
    found = EXCHANGES[name].rest.instruments(listed(name, [bad, listing.entry]))
    assert [each.symbol for each in found] == [listing.symbol]
    assert found.unreadable == 1


@pytest.mark.parametrize("name", LISTING)
def test_a_list_of_which_no_entry_can_be_read_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="none of the 2 entries"):
        EXCHANGES[name].rest.instruments(listed(name, [None, 5]))


@EACH
def test_what_answers_no_backfill_is_no_list_either(name: str) -> None:
    for _, _, body in SAMPLES[name].backfills_refused:
        with pytest.raises(UNREADABLE):
            EXCHANGES[name].rest.instruments(body)
