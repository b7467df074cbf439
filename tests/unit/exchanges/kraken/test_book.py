"""Kraken's checksums over real books: right where nothing is missing, wrong where a digit is."""

from __future__ import annotations

import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kraken_recording import BTC_USD, MINA_GBP

from daedalus.exchanges.kraken.book import KrakenBook
from daedalus.exchanges.model import Data

HEADER = Data("book", "BTC/USD")
REAL = [("BTC/USD", 10, BTC_USD), ("MINA/GBP", 25, MINA_GBP)]


def checked(book: KrakenBook, messages: list[bytes]) -> list[bool | None]:
    return [book.apply(HEADER, message) for message in messages]


def remembered(book: KrakenBook) -> dict[str, object]:
    found = json.loads(book.state())
    assert isinstance(found, dict)
    return found


def without_zeros(message: bytes) -> bytes:
    """As a JSON library writes the same numbers: 62808.0 stays, 0.36000000 becomes 0.36, some 5.1e-05."""
    return json.dumps(json.loads(message)).encode()


def made(kind: str, asks: list[tuple[float, float]], form: str, sent: int = 0) -> bytes:
    """A message of these asks (the last ``sent`` of them, 0 for all) and the checksum of them all."""
    texts = [(f"{price:{form}}".strip(), f"{amount:.3f}") for price, amount in asks]
    digits = "".join(
        f"{price}{amount}"
        for price, amount in (
            (price.replace(".", "").lstrip("0"), amount.replace(".", "").lstrip("0"))
            for price, amount in sorted(texts, key=lambda text: float(text[0]))[:10]
        )
    )
    levels = ",".join(f'{{"price":{price},"qty":{amount}}}' for price, amount in texts[-sent:])
    data = f'{{"symbol":"A","bids":[],"asks":[{levels}],"checksum":{zlib.crc32(digits.encode())}}}'
    return f'{{"channel":"book","type":"{kind}","data":[{data}]}}'.encode()


@pytest.mark.parametrize(("symbol", "depth", "messages"), REAL)
def test_all_checksums_of_a_recording_are_right(symbol: str, depth: int, messages: list[bytes]) -> None:
    book = KrakenBook(symbol, depth)
    assert checked(book, messages) == [True] * len(messages)
    assert remembered(book)["known_by"] == "checksum"


@pytest.mark.parametrize(("symbol", "depth", "messages"), REAL)
def test_a_check_goes_on_from_its_state_after_any_message(
    symbol: str, depth: int, messages: list[bytes]
) -> None:
    state: bytes | None = None
    for message in messages:
        book = KrakenBook(symbol, depth, state)
        assert book.apply(HEADER, message) is True
        state = book.state()


OVERWRITTEN = 18
"""This message sets one level, and the next one the same level again."""


@pytest.mark.parametrize("missing", set(range(1, len(BTC_USD) - 1)) - {OVERWRITTEN})
def test_a_lost_message_is_found_out_and_nothing_is_compared_until_the_next_snapshot(missing: int) -> None:
    book = KrakenBook("BTC/USD", 10)
    answers = checked(book, [*BTC_USD[:missing], *BTC_USD[missing + 1 :]])
    wrong = answers.index(False)
    assert answers[:missing] == [True] * missing
    assert wrong >= missing
    assert answers[wrong + 1 :] == [None] * (len(answers) - wrong - 1)
    assert book.state() == b""
    assert checked(book, BTC_USD) == [True] * len(BTC_USD)


def test_a_lost_message_that_the_next_one_overwrites_leaves_no_trace() -> None:
    rest = [*BTC_USD[:OVERWRITTEN], *BTC_USD[OVERWRITTEN + 1 :]]
    assert checked(KrakenBook("BTC/USD", 10), rest) == [True] * len(rest)


def test_levels_that_fell_out_of_the_depth_must_be_forgotten() -> None:
    assert False in checked(KrakenBook("BTC/USD", 1000), BTC_USD)


@pytest.mark.parametrize(("symbol", "depth", "messages"), REAL)
def test_where_zeros_are_dropped_the_checksum_of_the_snapshot_tells_the_places(
    symbol: str, depth: int, messages: list[bytes]
) -> None:
    book = KrakenBook(symbol, depth)
    assert checked(book, [without_zeros(message) for message in messages]) == [True] * len(messages)
    assert remembered(book)["places"] == ([1, 8] if symbol == "BTC/USD" else [4, 8])


def test_a_wrong_snapshot_is_wrong_if_its_digits_are_all_there_and_else_nobody_knows() -> None:
    snapshot = re.sub(rb'"checksum":\d+', b'"checksum":5', BTC_USD[0])
    assert KrakenBook("BTC/USD", 10).apply(HEADER, snapshot) is False
    unknown = KrakenBook("BTC/USD", 10)
    assert unknown.apply(HEADER, without_zeros(snapshot)) is None
    assert remembered(unknown)["known_by"] == ""
    # Once a checksum fits, the places are known, and all that follow can be judged.
    assert checked(unknown, [without_zeros(message) for message in BTC_USD[1:3]]) == [True, True]
    assert remembered(unknown)["known_by"] == "checksum"


def test_a_wrong_digit_is_wrong() -> None:
    book = KrakenBook("BTC/USD", 10)
    book.apply(HEADER, BTC_USD[0])
    assert book.apply(HEADER, BTC_USD[1].replace(b"4.74541363", b"4.74541364")) is False


def test_without_a_snapshot_there_is_nothing_to_compare() -> None:
    book = KrakenBook("BTC/USD", 10)
    assert book.apply(HEADER, BTC_USD[1]) is None
    assert book.state() == b""


def test_other_symbols_in_a_message_are_not_this_books() -> None:
    book = KrakenBook("BTC/USD", 10)
    assert book.apply(HEADER, MINA_GBP[0]) is None
    both = BTC_USD[0].replace(b'"data":[', b'"data":[' + MINA_GBP[0].split(b'"data":[')[1][:-2] + b",")
    assert book.apply(HEADER, both) is True


def test_a_price_may_change_several_times_within_one_message() -> None:
    """Seen on 2026-01-23: the same two prices over and over in one message, the last of each counts."""
    book = KrakenBook("BTC/USD", 10)
    book.apply(HEADER, BTC_USD[0])
    once, again = (b'{"price":62802.6,"qty":%s}' % qty for qty in (b"0.98074394", b"0.00000000"))
    message = BTC_USD[2].replace(once, b",".join((once, again, again, once)))
    assert checked(book, [BTC_USD[1], message]) == [True, True]


def test_a_number_with_more_places_gives_all_others_as_many() -> None:
    """A tick that is refined: from then on all prices have a zero more."""
    levels = [(10.0 + number, 1.0) for number in range(12)]
    book = KrakenBook("A", 1000)
    assert book.apply(HEADER, made("snapshot", levels, "10.1f")) is True
    finer = [(10.0 + number, 1.0) for number in range(12)] + [(9.95, 1.0)]
    assert book.apply(HEADER, made("update", finer, "10.2f", sent=1)) is True
    assert remembered(book)["places"] == [2, 3]


def test_an_empty_book_tells_no_places() -> None:
    empty = b'{"channel":"book","type":"snapshot","data":[{"symbol":"A","bids":[],"asks":[],"checksum":0}]}'
    book = KrakenBook("A", 10)
    assert book.apply(HEADER, empty) is True
    assert remembered(book)["known_by"] == ""


@given(
    at=st.integers(0, 400),
    put=st.sampled_from([b"", b"-", b"e", b"1e9999999", b"1e-9999999", b'"', b"null", b"{", b"9" * 5000]),
)
def test_damaged_numbers_void_the_book(at: int, put: bytes) -> None:
    book = KrakenBook("BTC/USD", 10)
    book.apply(HEADER, BTC_USD[0])
    message = BTC_USD[1][:at] + put + BTC_USD[1][at + 3 :]
    book.apply(HEADER, message)
    KrakenBook("BTC/USD", 10, book.state())
