"""Nothing that others say takes effect in a terminal, a log or an alert."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.shown import shown, shown_json, shown_lines

ANY = st.text(st.characters(exclude_categories=()))


def obeyed(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character in "\u202e\u2066\u200f\u061c\ufeff"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[2J\x1b]0;own\x07 \x9b31m", r"\x1b[2J\x1b]0;own\x07 \x9b31m"),
        ("one\r\ntwo\tthree\0", r"one\r\ntwo\tthree\x00"),
        ("\x7f\x85\u2028\u2029", r"\x7f\x85\u2028\u2029"),
        ("\u202etxt.exe\u2066\u200f", r"\u202etxt.exe\u2066\u200f"),
        ("file\udcff \U000e0041", r"file\udcff \U000e0041"),
        ("币安 → 70 °C é ñ", "币安 → 70 °C é ñ"),
    ],
)
def test_what_a_terminal_obeys_is_written_out_and_all_else_stays(text: str, told: str) -> None:
    assert shown(text) == told


def test_lines_of_our_own_stay_lines() -> None:
    assert shown_lines("one\ntwo\x1b\r") == "one\ntwo\\x1b\\r"


@given(ANY)
def test_whatever_is_said_nothing_in_it_is_obeyed(text: str) -> None:
    assert not any(map(obeyed, shown(text)))
    assert not any(obeyed(each) for each in shown_lines(text) if each != "\n")
    shown(text).encode()


@given(ANY)
def test_json_says_the_same_and_holds_nothing_that_is_obeyed(text: str) -> None:
    told = shown_json(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert json.loads(told) == {text: [text]}
    assert not any(obeyed(each) for each in told if each != "\n")
