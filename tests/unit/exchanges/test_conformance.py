"""What every exchange answers to its own messages: `samples.py` says what, and this holds it to that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from support.exchange_samples import Chain, CheckedBook, Message, Said, module_of, said, samples_of
from unit.exchanges.sampled import EACH, SAMPLES, each_of, opened

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity, Observation
from daedalus.exchanges.model import Proof
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.registry import table_of


@pytest.mark.parametrize("name", EXCHANGES)
def test_every_exchange_has_samples(name: str) -> None:
    place = module_of(name).replace(".", "/")
    assert samples_of(name), (
        f"{name} has no samples. Write tests/{place}.py with SAMPLES = {{'{name}': Samples(...)}}: "
        "real messages of each channel and their rows, answers that confirm and that refuse, damage, limits. "
        "tests/support/exchange_samples.py says what belongs there; any other exchange is an example."
    )


@EACH
def test_the_samples_show_each_channel_and_each_kind_of_message(name: str) -> None:
    shown = [each.said for each in SAMPLES[name].messages]
    assert {each.channel for each in shown if each.channel} == set(EXCHANGES[name].channels)
    assert {each.kind for each in shown} >= {"data", "reply", "unknown", "malformed"}
    assert any(each.error for each in shown), "an answer that refuses is missing"
    assert any(each.kind == "reply" and not each.error for each in shown), "one that confirms is missing"


@each_of("messages")
def test_a_message_is_what_it_is_said_to_be(name: str, sample: Message) -> None:
    assert said(opened(name)(sample.payload)) == sample.said


@each_of("messages")
def test_a_message_has_exactly_its_rows(name: str, sample: Message) -> None:
    exchange, header = EXCHANGES[name], opened(name)(sample.payload)
    if sample.said.kind != "data":
        return
    assert (
        said(exchange.messages.classify_stored(header.channel, header.symbol, sample.payload)) == sample.said
    )
    if sample.rows is None:
        with pytest.raises(UNREADABLE):
            exchange.messages.normalize(header, sample.payload)
    else:
        assert tuple(exchange.messages.normalize(header, sample.payload)) == sample.rows


@EACH
def test_the_rows_of_a_channel_belong_in_the_table_that_it_names(name: str) -> None:
    for channel, about in EXCHANGES[name].channels.items():
        messages = [each for each in SAMPLES[name].messages if each.said.channel == channel]
        tables = {table_of(row) for each in messages for row in each.rows or ()}
        assert about.table in tables if about.table else not tables, channel


@each_of("messages")
def test_a_message_reads_the_same_with_its_keys_in_another_order(name: str, sample: Message) -> None:
    try:
        found = json.loads(sample.payload)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    turned = json.dumps(dict(reversed(found.items())), separators=(",", ":")).encode()
    header = opened(name)(turned)
    assert said(header) == sample.said
    if sample.rows:
        assert tuple(EXCHANGES[name].messages.normalize(header, turned)) == sample.rows


@EACH
@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b"{}", "unknown"),
        (b"[]", "unknown"),
        (b"[1,2]", "unknown"),
        (b"null", "unknown"),
        (b"7", "unknown"),
    ],
)
def test_what_is_no_message_of_any_exchange_is_told_apart_from_damage(
    name: str, payload: bytes, kind: str
) -> None:
    assert said(EXCHANGES[name].messages.classify(payload)) == Said(kind)


@EACH
def test_what_an_exchange_leaves_out_by_design_is_said_of_its_channel(name: str) -> None:
    lossy = {channel for channel, about in EXCHANGES[name].channels.items() if about.lossy}
    assert lossy == set(SAMPLES[name].lossy)


# Ids and checksums


def observed(continuity: Continuity, name: str, messages: Sequence[bytes]) -> list[Observation]:
    read = opened(name)
    found = []
    for at, message in enumerate(messages):
        header = read(message)
        found += [continuity.observe(part, at, "a") for part in (header, *header.more)]
    return found


@each_of("chains")
def test_a_whole_chain_shows_no_gap_and_what_comes_again_is_a_duplicate(name: str, sample: Chain) -> None:
    continuity = Continuity(EXCHANGES[name].channels)
    found = observed(continuity, name, sample.messages)
    assert not any(each.gap or each.duplicate or each.reset for each in found)
    assert observed(continuity, name, [sample.messages[sample.removed]]) == [Observation(duplicate=True)]


@each_of("chains")
def test_a_message_that_is_left_out_leaves_its_gap_until_it_comes(name: str, sample: Chain) -> None:
    continuity = Continuity(EXCHANGES[name].channels)
    messages = list(sample.messages)
    late = messages.pop(sample.removed)
    gaps = [each.gap for each in observed(continuity, name, messages) if each.gap]
    assert [(gap.from_id, gap.to_id, gap.missing) for gap in gaps] == [sample.gap]
    stream = gaps[0].channel, gaps[0].symbol
    assert continuity.open_gaps(*stream)
    (news,) = observed(continuity, name, [late])
    assert not news.duplicate
    assert continuity.open_gaps(*stream) == []


@EACH
def test_there_is_a_chain_for_every_channel_that_ids_prove(name: str) -> None:
    read, exchange = opened(name), EXCHANGES[name]
    shown = {read(message).channel for chain in SAMPLES[name].chains for message in chain.messages}
    assert shown == {channel for channel, about in exchange.channels.items() if about.consecutive}


@EACH
def test_messages_are_numbered_where_the_frames_are_the_proof(name: str) -> None:
    framed = {channel for channel, about in EXCHANGES[name].channels.items() if about.proof is Proof.SEQUENCE}
    for each in SAMPLES[name].messages:
        assert each.said.channel not in framed or each.said.frame is not None, each.payload


def verdicts(name: str, sample: CheckedBook, messages: Sequence[bytes]) -> list[bool | None]:
    """Each by a check that goes on from the state of the one before."""
    read, state, found = opened(name), None, []
    for message in messages:
        check = EXCHANGES[name].book_check(sample.channel, sample.symbol, state)
        assert check is not None
        found.append(check.apply(read(message), message))
        state = check.state()
    return found


@each_of("books")
def test_checksums_confirm_a_whole_book_and_not_one_that_lacks_a_message(
    name: str, sample: CheckedBook
) -> None:
    whole = verdicts(name, sample, sample.messages)
    assert True in whole
    assert False not in whole
    rest = [*sample.messages[: sample.removed], *sample.messages[sample.removed + 1 :]]
    assert False in verdicts(name, sample, rest)


@EACH
def test_a_book_with_checksums_has_a_sample_and_nothing_else_is_checked(name: str) -> None:
    checked = {
        channel
        for channel in EXCHANGES[name].channels
        if EXCHANGES[name].book_check(channel, "A") is not None
    }
    assert checked == {each.channel for each in SAMPLES[name].books}
    proven = {channel for channel, about in EXCHANGES[name].channels.items() if about.proof is Proof.CHECKSUM}
    assert proven <= checked


# Names


@EACH
def test_a_symbol_has_one_spelling(name: str) -> None:
    samples, exchange = SAMPLES[name], EXCHANGES[name]
    assert samples.spelled
    assert {text: exchange.requests.symbol(text) for text in samples.spelled} == samples.spelled
    for text in (*samples.spelled, *samples.recorded, *samples.refused):
        once = exchange.requests.symbol(f" {text} ")
        assert exchange.requests.symbol(once) == once
    for each in samples.messages:
        for symbol in (each.said.symbol, *(one.symbol for one in each.said.more)):
            assert symbol in ("", exchange.requests.symbol(symbol))


@EACH
def test_what_an_exchange_does_not_record_is_refused_by_name_with_what_to_write(name: str) -> None:
    samples, exchange = SAMPLES[name], EXCHANGES[name]
    assert samples.recorded
    for text in samples.recorded:
        assert exchange.requests.refuses(exchange.requests.symbol(text)) == ""
    for text in samples.refused:
        symbol = exchange.requests.symbol(text)
        assert exchange.requests.refuses(symbol).startswith(f"{symbol} is ")
        assert "Write " in exchange.requests.refuses(symbol)


# Quotes


@EACH
def test_an_empty_side_of_a_quote_is_null_and_a_quote_of_nothing_has_no_row(name: str) -> None:
    quoted = SAMPLES[name].quote
    has_quotes = any(about.table == "quotes" for about in EXCHANGES[name].channels.values())
    assert (quoted is not None) == has_quotes, "samples.py says how a quote is made of a bid and an ask"
    if quoted is None:
        return

    def rows(bid: list[str], ask: list[str]) -> list[tuple[Any, ...]]:
        payload = json.dumps(quoted(bid, ask)).encode()
        header = opened(name)(payload)
        names = ("bid_price", "bid_amount", "ask_price", "ask_amount")
        found = EXCHANGES[name].messages.normalize(header, payload)
        return [tuple(getattr(row, each) for each in names) for row in found]

    empty, there = ["0.0", "0.0"], ["2.5", "4.0"]
    amount = rows(there, there)[0][1]  # some exchanges tell prices alone
    assert amount in (4.0, None)
    assert rows(there, there) == [(2.5, amount, 2.5, amount)]
    assert rows(empty, there) == [(None, None, 2.5, amount)]
    assert rows(there, empty) == [(2.5, amount, None, None)]
    assert rows(empty, empty) == []
