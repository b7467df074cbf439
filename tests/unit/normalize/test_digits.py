"""No digit is lost: a number that a float64 would change is kept as text."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.normalize.digits import exact_values, inexact
from daedalus.normalize.recorded_lines import lines_of, read_line
from daedalus.tables.rows import BookUpdate, Quote, Trade

DECIMAL = re.compile(rb"(?<![\d.])\d+\.\d+(?![\d.eE])")
LONG = "0.123456789012345678"


@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=None))
def test_whatever_is_not_named_comes_back_digit_by_digit(number: Decimal) -> None:
    text = str(number)
    named = inexact(b'{"p":"%s"}' % text.encode())
    value = float(text)
    assert named.get(value, repr(value)) == text or Decimal(named.get(value, repr(value))) == Decimal(text)


def test_numbers_of_fifteen_digits_and_long_ids_are_no_matter() -> None:
    payload = b'{"t":12345678901234567890,"p":"123456789.123456","E":1567296001038123456}'
    row = Trade("A", 1567296001038123456, "12345678901234567890", "buy", 123456789.123456, 1e-7)
    assert exact_values(inexact(payload), "trades", row) == []
    assert inexact(b'{"p":0.5000000000000000000,"q":"1E-7","E":1567296001038123,"u":9007199254740992}') == {}


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993",
        "12345678901234567",
        "123456789012345678901234567890",
        "1.2345678901234567e-7",
        "12345678901234561234E-25",
        "-0.123456789012345678",
        "-9007199254740993",
    ],
)
@pytest.mark.parametrize("form", ['{"p":"%s"}', '{"p":%s,"q":1}', '[["%s","1"]]'])
def test_integers_exponents_and_signs_are_looked_at_too(text: str, form: str) -> None:
    texts = inexact((form % text).encode())
    row = Trade("A", 1, "7", "buy", float(text), abs(float(text)))
    assert [each.text for each in exact_values(texts, "trades", row)] == [text, text.lstrip("-")]


def test_a_number_of_millions_of_digits_costs_no_more_than_a_look() -> None:
    begin = time.process_time()
    assert inexact(b'{"p":' + b"7" * 5_000_000 + b"}") == {}
    assert time.process_time() - begin < 5


def test_every_field_of_a_row_is_looked_at() -> None:
    payload = f'{{"p":"{LONG}","q":"2"}}'.encode()
    value = float(LONG)
    rows = [
        ("trades", Trade("A", 1, "7", "buy", value, 2.0)),
        ("book_updates", BookUpdate("A", 2, False, [(2.0, value)], [(value, 0.0)])),
        ("quotes", Quote("A", None, value, None, None, 2.0)),
    ]
    texts = inexact(payload)
    found = [each for table, row in rows for each in exact_values(texts, table, row)]
    assert [(each.table, each.value, each.text) for each in found] == [
        (table, value, LONG) for table in ("trades", "book_updates", "book_updates", "quotes")
    ]


def test_every_number_of_every_recording_is_kept_digit_by_digit(recordings: Path) -> None:
    messages = numbers = 0
    for path in sorted(recordings.iterdir()):
        if path.name == "README.md":
            continue
        with path.open("rb") as stream:
            for line in lines_of(stream):
                recorded = read_line(line)
                if recorded is None:
                    continue
                named = inexact(recorded.payload)
                messages += 1
                for text in set(DECIMAL.findall(recorded.payload)):
                    value = float(text)
                    numbers += 1
                    assert Decimal(named.get(value, repr(value))) == Decimal(text.decode()), path.name
    assert messages > 10_000
    assert numbers > messages
