"""An empty book of every exchange leaves its line in the table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.store.raw import RawKind


def _stream(stream: str, **data: Any) -> dict[str, Any]:
    return {"stream": stream, "data": data}


_DERIBIT = {
    "type": "snapshot",
    "change_id": 5,
    "instrument_name": "A",
    "timestamp": 5,
    "bids": [],
    "asks": [],
}
EMPTY: dict[tuple[str, str], tuple[RawKind, Any]] = {
    ("binance", "depth"): (RawKind.SNAPSHOT, {"lastUpdateId": 5, "bids": [], "asks": []}),
    ("binance_us", "depth"): (RawKind.SNAPSHOT, {"lastUpdateId": 5, "bids": [], "asks": []}),
    ("binance_futures", "depth"): (RawKind.SNAPSHOT, {"lastUpdateId": 5, "E": 5, "bids": [], "asks": []}),
    ("binance_delivery", "depth"): (RawKind.SNAPSHOT, {"lastUpdateId": 5, "E": 5, "bids": [], "asks": []}),
    ("bitfinex", "book"): (RawKind.MESSAGE, [6, [], 10, 1564617600541]),
    ("bitstamp", "diff_order_book"): (
        RawKind.SNAPSHOT,
        {"microtimestamp": "1790000000000005", "bids": [], "asks": []},
    ),
    ("bybit", "orderbook"): (
        RawKind.MESSAGE,
        {
            "topic": "orderbook.200.A",
            "type": "snapshot",
            "ts": 5,
            "data": {"s": "A", "b": [], "a": [], "u": 5},
        },
    ),
    ("bybit_spot", "orderbook"): (
        RawKind.MESSAGE,
        {"topic": "orderbook.200.A", "type": "snapshot", "ts": 5, "data": {"s": "A", "u": 5}},
    ),
    ("coinbase", "level2"): (
        RawKind.MESSAGE,
        {
            "channel": "l2_data",
            "timestamp": "2023-02-09T20:30:37Z",
            "sequence_num": 0,
            "events": [{"type": "snapshot", "product_id": "A", "updates": []}],
        },
    ),
    ("coinbase_exchange", "level2_batch"): (
        RawKind.MESSAGE,
        {"type": "snapshot", "product_id": "A", "bids": [], "asks": []},
    ),
    ("deribit", "book"): (
        RawKind.MESSAGE,
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "book.A.100ms", "data": _DERIBIT}},
    ),
    ("gemini", "depth"): (
        RawKind.MESSAGE,
        {"e": "depthUpdate", "E": 5, "s": "A", "U": 5, "u": 5, "b": [], "a": []},
    ),
    ("hyperliquid", "l2Book"): (
        RawKind.MESSAGE,
        {"channel": "l2Book", "data": {"coin": "A", "time": 5, "levels": [[], []]}},
    ),
    ("kraken", "book"): (
        RawKind.MESSAGE,
        {
            "channel": "book",
            "type": "snapshot",
            "data": [{"symbol": "A", "bids": [], "asks": [], "checksum": 0}],
        },
    ),
    ("okx", "books"): (
        RawKind.MESSAGE,
        {
            "arg": {"channel": "books", "instId": "A"},
            "action": "snapshot",
            "data": [{"bids": [], "asks": [], "ts": "5", "seqId": 5, "prevSeqId": -1}],
        },
    ),
}


@pytest.mark.parametrize(("exchange", "channel"), EMPTY)
def test_an_empty_book_of_every_exchange_leaves_its_line_and_ends_the_book_before(
    tape: Any, transformed: Any, exchange: str, channel: str
) -> None:
    kind, content = EMPTY[exchange, channel]
    told = tape(exchange, channel)
    told.add(kind, 1, json.dumps(content, separators=(",", ":")).encode())
    result = transformed(told)
    (line,) = result.tables["book_updates"]
    assert (line["is_snapshot"], line["side"], line["price"], line["amount"]) == (True, None, None, None)
    (book,) = result.checkpoint.books
    assert book.book  # followed from here on: an empty book is a book


def test_every_exchange_with_books_is_tried_here() -> None:
    books = {
        (name, channel)
        for name, exchange in EXCHANGES.items()
        for channel, about in exchange.channels.items()
        if about.table == "book_updates"
    }
    assert books == set(EMPTY)
