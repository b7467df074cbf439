"""Every message of real recordings of Binance USD-M futures, compared with a plain reading of it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daedalus.exchanges.binance.exchange import BINANCE_FUTURES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Unknown
from daedalus.tables.rows import AggTrade, BookUpdate, Quote, Row, Trade

EXCHANGE = BINANCE_FUTURES
RECORDINGS = ["BINANCE_FUTURES.ws.1.0", "BINANCE_FUTURES-btcusdt.gz"]


def messages(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            if line[:1].isdigit():
                yield line.rstrip(b"\n").split(b" ", 1)[1]


def digits(*values: float | None) -> list[Decimal]:
    return [Decimal(repr(value)) for value in values]


def levels(side: Any) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(amount)) for price, amount in side]


def plain(kind: str, data: dict[str, Any]) -> tuple[object, ...] | None:
    side = "sell" if data.get("m") else "buy"
    if kind == "trade":
        return data["s"], data["T"], str(data["t"]), side, Decimal(data["p"]), Decimal(data["q"])
    if kind == "aggTrade":
        money = Decimal(data["p"]), Decimal(data["q"])
        return data["s"], data["T"], str(data["a"]), side, *money, data["f"], data["l"]
    if kind == "depth":
        return data["s"], data["E"], levels(data["b"]), levels(data["a"]), data["U"], data["u"]
    if kind == "bookTicker":
        return data["s"], data["E"], *(Decimal(data[name]) for name in "bBaA"), data["u"]
    return None


def told(row: Row) -> tuple[object, ...]:
    assert row.timestamp is not None
    where = row.symbol, row.timestamp // 10**6
    if isinstance(row, Trade):
        return *where, row.id, row.side, *digits(row.price, row.amount)
    if isinstance(row, AggTrade):
        return *where, row.id, row.side, *digits(row.price, row.amount), row.first_id, row.last_id
    if isinstance(row, BookUpdate):
        bids, asks = ([(*digits(*level),) for level in side] for side in (row.bids, row.asks))
        return *where, bids, asks, row.first_id, row.last_id
    assert isinstance(row, Quote)
    return *where, *digits(row.bid_price, row.bid_amount, row.ask_price, row.ask_amount), row.last_id


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_message_equals_a_plain_reading_of_it_and_no_chain_breaks(recordings: Path, name: str) -> None:
    continuity = Continuity(EXCHANGE.channels)
    kinds: Counter[str] = Counter()
    for payload in messages(recordings / name):
        header = EXCHANGE.messages.classify(payload)
        message = json.loads(payload)
        if isinstance(header, Unknown):
            assert "@kline" in message.get("stream", "") or "lastUpdateId" in message
            continue
        assert isinstance(header, Data)
        kinds[header.channel] += 1
        (row,) = EXCHANGE.messages.normalize(header, payload)
        assert told(row) == plain(header.channel, message["data"])
        observed = continuity.observe(header, 0)
        assert not observed.duplicate
        assert observed.gap is None
    assert sum(kinds.values()) > 800
    assert kinds["depth"] > 400


def test_each_snapshot_lies_in_the_chain_of_its_stream(recordings: Path) -> None:
    spans: dict[str, tuple[int, int]] = {}
    for payload in messages(recordings / "BINANCE_FUTURES.ws.1.0"):
        header = EXCHANGE.messages.classify(payload)
        if isinstance(header, Data) and header.channel == "depth" and header.ids:
            first, _ = spans.get(header.symbol, (header.ids.previous or 0, 0))
            spans[header.symbol] = (first, header.ids.last)
    bodies = [
        line.split(b" ", 3)[3]
        for line in (recordings / "BINANCE_FUTURES.http.0.0").read_bytes().splitlines()
        if b"/depth?" in line
    ]
    for body, symbol in zip(bodies, ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"), strict=False):
        header = EXCHANGE.rest.classify_snapshot(symbol, body)
        assert header.ids
        assert spans[symbol][0] <= header.ids.last <= spans[symbol][1]
        (row,) = EXCHANGE.rest.normalize_snapshot(header, body)
        assert isinstance(row, BookUpdate)
        read = json.loads(body)
        assert [(*digits(*level),) for level in row.bids] == levels(read["bids"])
        assert [(*digits(*level),) for level in row.asks] == levels(read["asks"])


def test_a_message_that_is_left_out_breaks_the_chain_of_its_symbol_and_no_other(recordings: Path) -> None:
    continuity = Continuity(EXCHANGE.channels)
    seen: Counter[str] = Counter()
    gaps = []
    for payload in messages(recordings / "BINANCE_FUTURES.ws.1.0"):
        header = EXCHANGE.messages.classify(payload)
        if not isinstance(header, Data) or header.channel != "depth":
            continue
        seen[header.symbol] += 1
        if header.symbol == "CTKUSDT" and seen["CTKUSDT"] == 30:
            continue
        gaps.append(continuity.observe(header, 0).gap)
    (gap,) = [gap for gap in gaps if gap]
    assert (gap.symbol, gap.missing) == ("CTKUSDT", None)
