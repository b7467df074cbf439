"""Rows of two recorders as one stream, for every way in which rows can be known again."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from daedalus.exchanges.orderbook import Book
from daedalus.lake.books.messages import Messages
from daedalus.lake.channels import IdScheme
from daedalus.lake.merge.rows import Side, merge_rows
from daedalus.tables.registry import TABLES

SECOND = 1_000_000_000
FAR = 2**62


def table(name: str, *lines: dict[str, Any]) -> pa.Table:
    schema = TABLES[name].schema
    columns = [pa.array([line.get(field.name) for line in lines], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def ns(rows: pa.Table, name: str = "local_timestamp") -> list[int]:
    return [value // SECOND for value in rows[name].cast(pa.int64()).to_pylist()]


def trade(at: int, number: str, local: int | None = None, price: float = 1.0, **more: Any) -> dict[str, Any]:
    line = {
        "symbol": "A",
        "timestamp": at * SECOND,
        "local_timestamp": (at if local is None else local) * SECOND,
    }
    return line | {"id": number, "side": "buy", "price": price, "amount": 1.0, "source": "stream"} | more


def test_trades_without_order_in_their_ids_are_known_by_them() -> None:
    one = table("trades", trade(1, "x", 2), trade(3, "z", 4))
    other = table("trades", trade(1, "x", 3), trade(2, "y", 3))
    rows = merge_rows("trades", IdScheme.NONE, Side(one), Side(other))
    assert (rows["id"].to_pylist(), ns(rows)) == (["x", "y", "z"], [2, 3, 4])


def test_what_came_over_the_stream_is_preferred_to_what_was_fetched_at_the_same_time() -> None:
    one, other = table("trades", trade(1, "7", source="backfill")), table("trades", trade(1, "7"))
    for sides in ((one, other), (other, one)):
        rows = merge_rows("trades", IdScheme.CONSECUTIVE, *map(Side, sides))
        assert rows["source"].to_pylist() == ["stream"]


def test_numbered_trades_are_in_the_order_of_their_numbers_whatever_the_clocks_say() -> None:
    one, other = table("trades", trade(1, "9", 9), trade(3, "11", 30)), table("trades", trade(2, "10", 40))
    rows = merge_rows("trades", IdScheme.CONSECUTIVE, Side(one), Side(other))
    assert rows["id"].to_pylist() == ["9", "10", "11"]
    rows = merge_rows("trades", IdScheme.CONSECUTIVE, Side(one), Side(other), anew=True)
    assert rows["id"].to_pylist() == ["9", "11", "10"]


def liquidation(at: int, local: int, price: float) -> dict[str, Any]:
    line = {"symbol": "A", "timestamp": at * SECOND, "local_timestamp": local * SECOND}
    return line | {"id": None, "side": "sell", "price": price, "amount": 1.0}


def test_what_a_exchange_said_twice_stays_there_twice_and_what_both_heard_once() -> None:
    one = table("liquidations", *(liquidation(1, local, 5.0) for local in (3, 4)), liquidation(9, 9, 6.0))
    other = table("liquidations", liquidation(1, 2, 5.0), liquidation(5, 5, 7.0))
    rows = merge_rows("liquidations", IdScheme.NONE, Side(one), Side(other))
    assert list(zip(rows["price"].to_pylist(), ns(rows), strict=True)) == [
        (5.0, 2),
        (5.0, 4),
        (7.0, 5),
        (6.0, 9),
    ]


def quote(local: int, bid: float) -> dict[str, Any]:
    return {
        "symbol": "A",
        "timestamp": local * SECOND,
        "local_timestamp": local * SECOND,
        "bid_price": bid,
        "ask_price": bid + 1,
    }


def test_without_id_and_time_one_recorder_is_followed_and_the_other_fills_its_outages() -> None:
    one = table("quotes", *(quote(at, 1.0) for at in (1, 2, 8, 9)))
    other = table("quotes", *(quote(at, 2.0) for at in range(12)))
    off = ((-FAR, 1 * SECOND), (2 * SECOND, 8 * SECOND), (9 * SECOND, FAR))
    rows = merge_rows("quotes", IdScheme.NONE, Side(one, off), Side(other))
    assert ns(rows) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [bid == 1.0 for bid in rows["bid_price"].to_pylist()] == [at in (1, 2, 8, 9) for at in range(12)]


def level(
    at: int, local: int, price: float, amount: float, *, snapshot: bool = False, bid: bool = True
) -> dict[str, Any]:
    return {
        "symbol": "A",
        "timestamp": at * SECOND,
        "local_timestamp": local * SECOND,
        "is_snapshot": snapshot,
        "side": "bid" if bid else "ask",
        "price": price,
        "amount": amount,
    }


def test_a_book_without_ids_is_filled_message_by_message_and_comes_out_right() -> None:
    """The second recorder's clock is three seconds ahead; the exchange's time tells what is what."""
    messages = [(at, float(at % 4 + 1), float(at)) for at in range(1, 30)]
    begin = level(0, 0, 9.0, 9.0, snapshot=True)
    one = table("book_updates", begin, *(level(at, at, p, a) for at, p, a in messages if not 10 <= at < 20))
    late = level(0, 3, 9.0, 9.0, snapshot=True)
    other = table("book_updates", late, *(level(at, at + 3, p, a) for at, p, a in messages))
    off = ((-FAR, 0), (9 * SECOND, 20 * SECOND), (29 * SECOND, FAR))
    rows = merge_rows("book_updates", IdScheme.NONE, Side(one, off), Side(other))
    assert ns(rows, "timestamp") == list(range(30))
    book, expected = Book(), {9.0: 9.0} | {price: amount for _, price, amount in messages}
    waiting = Messages("A")
    for batch in rows.combine_chunks().to_batches():
        for message in waiting.feed(batch):
            book.apply(message.update)
    for message in waiting.end():
        book.apply(message.update)
    assert book.bids == expected


def test_instruments_are_there_once_a_day() -> None:
    def instrument(at: int, tick: float) -> dict[str, Any]:
        line = {"symbol": "A", "timestamp": at * SECOND, "local_timestamp": at * SECOND, "base": "A"}
        return line | {"quote": "B", "type": "spot", "tick": tick, "active": True}

    one, other = (
        table("instruments", instrument(5, 0.1)),
        table("instruments", instrument(3, 0.1), instrument(9, 0.2)),
    )
    rows = merge_rows("instruments", IdScheme.NONE, Side(one), Side(other))
    assert list(zip(rows["tick"].to_pylist(), ns(rows), strict=True)) == [(0.1, 3), (0.2, 9)]


def test_that_a_book_is_empty_is_joined_as_every_other_snapshot_is() -> None:
    def empty(at: int, local: int, last: int | None) -> dict[str, Any]:
        line = {
            "symbol": "A",
            "timestamp": at * SECOND,
            "local_timestamp": local * SECOND,
            "is_snapshot": True,
        }
        return line | {"first_id": last, "last_id": last}

    def levels(rows: pa.Table) -> list[tuple[bool, float | None]]:
        return list(zip(rows["is_snapshot"].to_pylist(), rows["price"].to_pylist(), strict=True))

    numbered = [{**level(at, at, float(at), 1.0), "first_id": at, "last_id": at} for at in (1, 2, 3)]
    one = table("book_updates", numbered[0], empty(1, 1, 1), numbered[1])
    other = table("book_updates", empty(1, 2, 1), *numbered[1:])
    for sides in ((one, other), (other, one)):
        rows = merge_rows("book_updates", IdScheme.BOOK, *map(Side, sides))
        assert levels(rows) == [(False, 1.0), (True, None), (False, 2.0), (False, 3.0)]

    one = table("book_updates", level(1, 1, 1.0, 1.0, snapshot=True), level(9, 9, 9.0, 1.0))
    other = table("book_updates", empty(4, 4, None), level(5, 5, 5.0, 1.0))
    off = ((-FAR, 1 * SECOND), (2 * SECOND, 8 * SECOND), (9 * SECOND, FAR))
    rows = merge_rows("book_updates", IdScheme.NONE, Side(one, off), Side(other))
    assert levels(rows) == [(True, 1.0), (True, None), (False, 5.0), (False, 9.0)]
