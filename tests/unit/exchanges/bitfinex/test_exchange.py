"""Bitfinex: what each real message is, how a connection's numbers and checksums prove it whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unit.exchanges.bitfinex.samples import (
    BOOK_SUBSCRIBED,
    LIQUIDATED,
    SNAPSHOT,
    checksum,
    connection,
    subscribed,
)

from daedalus.exchanges.bitfinex.exchange import BITFINEX
from daedalus.exchanges.model import Data, Heartbeat, Reply, Unknown
from daedalus.tables.rows import BookUpdate, Quote, Trade

EXCHANGE = BITFINEX


def test_what_comes_before_the_answer_is_a_heartbeat_or_unknown_but_counts() -> None:
    reader = EXCHANGE.messages.reader()
    assert reader(b'[204928,"hb",127]') == Heartbeat(sequence=127)
    assert reader(SNAPSHOT) == Unknown(sequence=10)
    reader(BOOK_SUBSCRIBED)
    assert reader(SNAPSHOT).channel == "book"
    reader(b'{"event":"unsubscribed","status":"OK","chanId":6959}')
    assert isinstance(reader(SNAPSHOT), Unknown)


def test_each_connection_has_numbers_of_its_own() -> None:
    one, other = connection(), EXCHANGE.messages.reader()
    other(subscribed("book", 89, symbol="tLTCUSD"))
    message = b"[89,[[1,1,1]],1]"
    assert (one(message).channel, other(message).symbol) == ("trades", "tLTCUSD")


def test_two_connections_say_the_same_with_other_numbers() -> None:
    other = EXCHANGE.messages.reader()
    other(subscribed("book", 7, symbol="tETHUSD"))
    other(subscribed("status", 8, key="liq:global"))
    pairs = [
        (b"[6959,[218.9,0,1],61,1564617601769]", b"[7,[218.9,0,1],2,1564617601769]", True),
        (b"[6959,[218.9,0,1],61,1564617601769]", b"[7,[218.9,0,1],2,1564617601999]", False),
        (
            LIQUIDATED,
            LIQUIDATED.replace(b"[907", b"[8").replace(b",1206215,1594036710595", b",5,1594036710601"),
            True,
        ),
    ]
    for mine, theirs, same in pairs:
        identities = [
            EXCHANGE.messages.identity(reader(text), text)
            for reader, text in ((connection(), mine), (other, theirs))
        ]
        assert (identities[0] == identities[1]) is same


def test_a_lost_frame_shows_in_the_numbers_of_what_remains(recordings: Path) -> None:
    reader, numbers = EXCHANGE.messages.reader(), []
    for payload in recorded(recordings):
        header = reader(payload)
        if header.sequence is not None:
            numbers.append(header.sequence)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 900


def test_every_message_of_a_recording_equals_a_plain_reading_of_it(recordings: Path) -> None:
    reader, streams = EXCHANGE.messages.reader(), {}
    for payload in recorded(recordings):
        header, message = reader(payload), json.loads(payload)
        if isinstance(message, dict):
            if message["event"] == "subscribed":
                streams[message["chanId"]] = message["channel"], message["symbol"]
            assert type(header) is (Heartbeat if message["event"] == "info" else Reply)
            continue
        if message[1] == "hb":
            assert isinstance(header, Heartbeat)
            continue
        assert isinstance(header, Data)
        assert (header.channel, header.symbol) == streams[message[0]]
        assert told(EXCHANGE.messages.normalize(header, payload)) == plain(header.channel, message)


def recorded(recordings: Path) -> list[bytes]:
    lines = (recordings / "BITFINEX.ws.11.0").read_bytes().split(b"\n")
    return [line.split(b": ", 1)[1] for line in lines if line[:1].isdigit()]


def plain(channel: str, message: list[Any]) -> list[Any]:
    body = message[1]
    if channel == "ticker":
        return [(body[0], body[2])]
    if channel == "trades":
        trades = sorted(body) if isinstance(body, list) else [message[2]] if body == "te" else []
        return [(str(each[0]), each[1], each[2], each[3]) for each in trades]
    levels = body if isinstance(body[0], list) else [body]
    return [
        sorted((price, amount if count else 0.0) for price, count, amount in levels if amount > 0),
        sorted((price, amount if count else 0.0) for price, count, amount in levels if amount < 0),
    ]


def told(rows: Any) -> list[Any]:
    found: list[Any] = []
    for row in rows:
        if isinstance(row, Quote):
            found.append((row.bid_price, row.ask_price))
        elif isinstance(row, Trade):
            assert row.timestamp is not None
            signed = row.amount if row.side == "buy" else -row.amount
            found.append((row.id, row.timestamp // 10**6, signed, row.price))
        elif isinstance(row, BookUpdate):
            found += [sorted(row.bids), sorted((price, -amount) for price, amount in row.asks)]
    return found


# The book and its checksums


def verdicts(*messages: bytes) -> list[bool | None]:
    reader, check = connection(), EXCHANGE.book_check("book", "tETHUSD")
    assert check is not None
    return [check.apply(reader(message), message) for message in messages]


def test_checksums_are_of_the_texts_that_the_exchange_wrote_best_levels_in_turn() -> None:
    text = "216:31.52:218.75:-13.33333333:218.76:-2"
    changed = "216:31.52:215.5:1.7e-7:218.75:-13.33333333"
    assert verdicts(
        SNAPSHOT,
        checksum(text),
        b"[6959,[218.76,0,-1],12]",
        b"[6959,[215.5,4,1.7e-7],13]",
        checksum(changed.replace("215.5:1.7e-7:218.75:-13.33333333", "218.75:-13.33333333:215.5:1.7e-7")),
    ) == [None, True, None, None, True]


def test_only_the_best_twenty_five_of_each_side_count() -> None:
    bids = [(100 - place, place + 1) for place in range(40)]
    asks = [(101 + place, -(place + 1)) for place in range(30)]
    levels = ",".join(f"[{price},1,{amount}]" for price, amount in bids + asks)
    best = zip(bids[:25], asks[:25], strict=True)
    text = ":".join(f"{bid[0]}:{bid[1]}:{ask[0]}:{ask[1]}" for bid, ask in best)
    assert verdicts(f"[6959,[{levels}],1]".encode(), checksum(text)) == [None, True]


def test_a_change_that_was_lost_shows_at_the_next_checksum() -> None:
    text = "216:31.52:218.75:-13.33333333"
    after_loss = verdicts(SNAPSHOT, checksum(text), checksum(text), SNAPSHOT, checksum(text + ":218.76:-2"))
    assert after_loss == [None, False, None, None, True]


def test_nothing_is_compared_before_a_snapshot_or_behind_damage() -> None:
    text = checksum("216:31.52:218.75:-13.33333333:218.76:-2")
    assert verdicts(text, SNAPSHOT, b"[6959,[218.76,0],12]", text) == [None] * 4
