"""Digests of books, once a minute, whatever happens to a stream."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec
from support.kraken_recording import BTC_USD, MINA_GBP

from daedalus.exchanges.orderbook import Book
from daedalus.normalize.checkpoint import Checkpoint
from daedalus.tables.rows import BookUpdate

B = "20260921T150000000000-0"


def digests(result: Any) -> list[dict[str, Any]]:
    return list(result.tables.get("book_digests", []))


def followed(tape: Any, minutes: int) -> Any:
    book = tape("binance", "depth")
    book.subscribed(0, "start")
    book.depth(1, 1, 5)
    book.snapshot(2, 5)
    for minute in range(1, minutes + 1):
        book.depth(60 * minute, 5 + minute, 5 + minute)
    return book


def test_a_book_has_a_digest_for_each_minute_that_is_over(tape: Any, transformed: Any) -> None:
    rows = digests(transformed(followed(tape, 3)))
    assert [row["last_id"] for row in rows] == [5, 6, 7]
    book = Book()
    book.apply(BookUpdate("A", None, True, [(1.0, 9.0)], [], 5, 5))
    assert rows[0]["digest"] == book.digest()
    book.apply(BookUpdate("A", None, False, [(1.0, 2.0)], [(3.0, 0.0)], 6, 6))
    assert rows[1]["digest"] == book.digest()


def test_a_book_goes_on_in_the_next_segment(tape: Any, transformed: Any) -> None:
    whole = digests(transformed(followed(tape, 4)))
    first, second = followed(tape, 4).split(5)
    before = transformed(first)
    after = transformed(second, msgspec.json.decode(msgspec.json.encode(before.checkpoint), type=Checkpoint))
    assert digests(before) + digests(after) == whole


def test_a_gap_ends_the_digests_until_the_next_snapshot(tape: Any, transformed: Any) -> None:
    book = followed(tape, 2)
    book.depth(180, 20, 21)
    book.depth(240, 22, 22)
    book.snapshot(245, 22)
    book.depth(300, 23, 23)
    rows = digests(transformed(book))
    # Nor has the minute before the gap was seen: what is missing may have come in it.
    assert [row["last_id"] for row in rows] == [5, 6, 22]


def test_a_restart_without_a_gap_in_the_ids_keeps_the_book(tape: Any, transformed: Any) -> None:
    book = followed(tape, 1)
    book.subscribed(70, "restart", conn=B)
    book.depth(120, 7, 7)
    assert [row["last_id"] for row in digests(transformed(book))] == [5, 6]


def test_of_a_message_about_two_books_the_checksums_of_both_are_compared(tape: Any, transformed: Any) -> None:
    def message(*books: bytes) -> bytes:
        items = [json.loads(book, parse_float=Decimal)["data"] for book in books]
        kind = json.loads(books[0])["type"]
        told = [item for each in items for item in each]
        text = msgspec.json.Encoder(decimal_format="number").encode(
            {"channel": "book", "type": kind, "data": told}
        )
        return bytes(text)

    damaged = re.sub(rb'("checksum":)(\d+)', rb"\g<1>1\g<2>", MINA_GBP[1])
    book = tape("kraken", "book")
    book.message(1, message(BTC_USD[0], MINA_GBP[0]))
    book.message(2, message(BTC_USD[1], damaged))
    gaps = [(gap["symbol"], gap["cause"]) for gap in transformed(book).tables["gaps"]]
    assert gaps == [("MINA/GBP", "exchange")]


def test_what_waits_for_a_snapshot_is_carried_up_to_a_bound(tape: Any, transformed: Any) -> None:
    def carried(updates: int) -> int:
        book = tape("binance", "depth")
        book.subscribed(0, "start")
        for number in range(1, updates + 1):
            book.depth(number / 100, number, number)
        return len(msgspec.json.encode(transformed(book).checkpoint))

    assert carried(3_000) < 1.2 * carried(300)


def test_a_snapshot_that_continues_what_is_carried_still_begins_the_book(tape: Any, transformed: Any) -> None:
    book = tape("binance", "depth")
    book.subscribed(0, "start")
    for number in range(1, 1_001):
        book.depth(number / 100, number, number)
    before = transformed(book)
    later = tape("binance", "depth")
    later.snapshot(11, 900)
    later.depth(12, 1_001, 1_001)
    later.depth(70, 1_002, 1_002)
    assert [row["last_id"] for row in digests(transformed(later, before.checkpoint))] == [1_001]
