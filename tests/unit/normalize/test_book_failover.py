"""Two connections deliver one book without numbers: one is primary, and the exchange's order is kept."""

from __future__ import annotations

import json
from typing import Any

from daedalus.exchanges.model import Data
from daedalus.exchanges.orderbook import Book
from daedalus.normalize.book_failover import BookFailover
from daedalus.normalize.decode import Loss, Message
from daedalus.store.raw import RawKind, RawRecord
from daedalus.tables.rows import BookUpdate, Level

SYMBOL = "BTC-USD"
SECOND = 10**9


class Told:
    """Two connections that deliver the same: a snapshot, then level 100 with amount n at the n-th message."""

    def __init__(self) -> None:
        self.failover = BookFailover()
        self.said: dict[str, set[bytes]] = {}
        self.out: list[Message] = []
        self.at_ns = 0

    def snapshot(self, conn: str, after: int) -> None:
        self._tell(conn, b"snapshot %d" % after, ((100.0, float(after)),), is_snapshot=True)

    def change(self, conn: str, number: int) -> None:
        self._tell(conn, b"%d" % number, ((100.0, float(number)),), is_snapshot=False)

    def over(self, conn: str) -> None:
        self.out += self.failover.note(self._note(RawKind.UNSUBSCRIBED, conn))

    def begun(self, conn: str) -> None:
        self.out += self.failover.note(self._note(RawKind.SUBSCRIBED, conn))

    def lost(self, conn: str) -> bool:
        messages, (loss,) = self.failover.choose(conn, [], [Loss(SYMBOL, 0, "")])
        self.out += messages
        assert loss.elsewhere is not None
        return loss.elsewhere

    def carried(self) -> None:
        self.failover = BookFailover(self.failover.state())

    @property
    def updates(self) -> list[tuple[bool, float]]:
        """What the table gets: whether it is a snapshot, and the amount that it leaves."""
        rows = [row for message in self.out for row in message.rows if isinstance(row, BookUpdate)]
        return [(row.is_snapshot, row.bids[0][1]) for row in rows]

    @property
    def book(self) -> list[Level]:
        book = Book()
        for message in self.out:
            for row in message.rows:
                assert isinstance(row, BookUpdate)
                book.apply(row)
        return book.levels()[0]

    def _tell(self, conn: str, content: bytes, bids: tuple[Level, ...], *, is_snapshot: bool) -> None:
        self.at_ns += SECOND // 100
        again = any(content in said for other, said in self.said.items() if other != conn)
        self.said.setdefault(conn, set()).add(content)
        record = RawRecord(self.at_ns, conn, 0, "message", "level2", SYMBOL, content)
        header = Data("level2", SYMBOL, is_snapshot=is_snapshot)
        row = BookUpdate(SYMBOL, self.at_ns, is_snapshot, bids, ())
        message = Message(record, header, (row,), content, again)
        self.out += self.failover.choose(conn, [message], [])[0]

    def _note(self, kind: RawKind, conn: str) -> RawRecord:
        return RawRecord(self.at_ns, conn, 0, kind.value, "level2", SYMBOL, b"{}")


def begun() -> Told:
    """Both have delivered up to the third message; a-0 is primary."""
    told = Told()
    told.snapshot("a-0", 0)
    told.change("a-0", 1)
    told.snapshot("a-1", 1)
    for number in (2, 3):
        told.change("a-0", number)
        told.change("a-1", number)
    return told


def test_a_snapshot_of_the_connection_behind_does_not_set_the_book_back() -> None:
    told = Told()
    told.snapshot("a-0", 0)
    for number in (1, 2, 3):
        told.change("a-0", number)
    told.snapshot("a-1", 1)
    told.change("a-1", 2)
    assert told.updates == [(True, 0), (False, 1), (False, 2), (False, 3)]


def test_a_connection_that_is_ahead_waits_for_the_primary() -> None:
    told = begun()
    told.change("a-1", 4)
    told.change("a-1", 5)
    told.change("a-0", 4)
    assert told.updates[-1] == (False, 4)


def test_what_the_primary_did_not_live_to_say_the_next_one_says() -> None:
    told = begun()
    told.change("a-1", 4)
    told.over("a-0")
    told.change("a-1", 5)
    assert told.updates[-3:] == [(True, 3), (False, 4), (False, 5)]
    assert told.book == [(100.0, 5.0)]


def test_a_next_one_that_is_behind_does_not_say_again_what_was_said() -> None:
    told = begun()
    for number in (4, 5):
        told.change("a-0", number)
    told.over("a-0")
    for number in (4, 5, 6):
        told.change("a-1", number)
    assert told.updates[-4:] == [(False, 4), (False, 5), (True, 5), (False, 6)]


def test_a_standby_that_ended_ahead_is_remembered_until_the_primary_has_said_as_much() -> None:
    told = begun()
    told.change("a-1", 4)
    told.over("a-1")
    told.over("a-0")
    assert told.updates[-2:] == [(True, 3), (False, 4)]
    told = begun()
    told.change("a-1", 4)
    told.over("a-1")
    told.change("a-0", 4)
    told.over("a-0")
    assert told.updates[-2:] == [(False, 3), (False, 4)]


def test_a_primary_that_lost_something_is_followed_by_one_that_has_it() -> None:
    told = begun()
    assert told.lost("a-0")
    told.change("a-1", 4)
    told.change("a-0", 5)
    told.change("a-1", 5)
    assert told.updates[-3:] == [(True, 3), (False, 4), (False, 5)]


def test_what_both_have_lost_is_lost() -> None:
    told = begun()
    assert told.lost("a-0")
    assert not told.lost("a-1")


def test_what_one_alone_has_lost_is_lost() -> None:
    told = Told()
    assert not told.lost("a-0")
    told.snapshot("a-0", 0)
    assert not told.lost("a-0")


def test_a_primary_that_falls_silent_is_left() -> None:
    told = begun()
    for number in range(4, 4200):
        told.change("a-1", number)
    assert told.updates[-1] == (False, 4199)
    assert told.book == [(100.0, 4199.0)]


def test_connections_that_are_not_told_the_same_word_for_word_do_not_pile_up() -> None:
    told = begun()
    for number in range(4, 4500):
        told.change("a-0", 2 * number)
        told.change("a-1", 2 * number + 1)
    assert [amount for _, amount in told.updates[-2:]] == [2 * 4498, 2 * 4499]
    told.over("a-0")
    told.change("a-1", 1)
    assert told.book == [(100.0, 1.0)]


def test_connections_of_a_process_before_are_dead() -> None:
    told = begun()
    told.begun("b-0")
    told.snapshot("b-0", 7)
    assert told.updates[-1] == (True, 7)


def test_the_next_segment_goes_on_with_the_same_primary_and_the_same_books() -> None:
    told = begun()
    told.carried()
    told.change("a-1", 4)
    told.change("a-0", 4)
    told.over("a-0")
    told.carried()
    told.change("a-1", 5)
    assert told.updates[-3:] == [(False, 4), (True, 4), (False, 5)]


def test_who_takes_over_an_empty_book_begins_with_an_empty_snapshot() -> None:
    told = Told()
    for conn in ("a-0", "a-1"):
        told._tell(conn, b"empty", (), is_snapshot=True)
    told.over("a-0")
    told.change("a-1", 5)
    rows = [row for message in told.out for row in message.rows if isinstance(row, BookUpdate)]
    assert [(row.is_snapshot, tuple(row.bids)) for row in rows] == [
        (True, ()),
        (True, ()),
        (False, ((100.0, 5.0),)),
    ]


def test_books_that_one_message_tells_together_are_handed_over_each_by_itself(
    tape: Any, transformed: Any
) -> None:
    def message(kind: str, number: int, **books: tuple[int, int]) -> bytes:
        def item(symbol: str, price: int, amount: int) -> dict[str, Any]:
            level = {"price": price, "qty": amount}
            at = f"2026-09-21T14:06:{number:02}.000000Z"
            return {"symbol": symbol, "bids": [level], "asks": [], "checksum": 0, "timestamp": at}

        data = [item(symbol, *level) for symbol, level in books.items()]
        return json.dumps({"channel": "book", "type": kind, "data": data}).encode()

    first, second = "20260921T140640000000-0", "20260921T140640000000-1"
    told = tape("kraken", "book")
    for conn in (first, second):
        told.message(1, message("snapshot", 1, A=(100, 1), B=(200, 2)), conn)
    for conn in (first, second):
        told.message(2, message("update", 2, A=(101, 3), B=(201, 4)), conn)
    for symbol in ("A", "B"):
        told.add(RawKind.UNSUBSCRIBED, 3, b'{"cause":"disconnect"}', symbol, first)
    told.message(4, message("update", 4, A=(102, 5), B=(202, 6)), second)
    books = {"A": Book(), "B": Book()}
    for line in transformed(told).tables["book_updates"]:
        level = [(line["price"], line["amount"])]
        book = books[line["symbol"]]
        again = line["is_snapshot"] and book.last_id == line["local_timestamp"]
        if again:
            book.bids |= dict(level)
        else:
            book.apply(BookUpdate("", None, line["is_snapshot"], level, []))
            book.last_id = line["local_timestamp"]
    assert books["A"].bids == {100.0: 1.0, 101.0: 3.0, 102.0: 5.0}
    assert books["B"].bids == {200.0: 2.0, 201.0: 4.0, 202.0: 6.0}
