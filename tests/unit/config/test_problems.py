"""Key paths and found values as they stand in messages."""

from __future__ import annotations

from daedalus.config.problems import ConfigError, Problem, nearest, quoted, spell


def test_a_key_path_is_spelled_as_people_write_it() -> None:
    assert spell(("exchanges", "binance", "symbols", 1)) == "exchanges.binance.symbols[1]"


def test_problems_are_shown_by_line_and_each_once() -> None:
    later, sooner = Problem("f", 9, ("b",), "late"), Problem("f", 2, (), "early")
    assert str(ConfigError([later, sooner, later])) == "f:2: early\nf:9 b: late"


def test_of_very_many_problems_the_first_are_told_and_the_others_counted() -> None:
    error = ConfigError(Problem("f", line, (), "wrong") for line in range(1, 5001))
    assert len(error.problems) == 5000
    first, *_, last = str(error).splitlines()
    assert first == "f:1: wrong"
    assert last == "f: 4,950 more like these. Is this the right file?"
    assert len(str(error)) < 1000


def test_a_value_is_quoted_in_one_line_and_cut() -> None:
    assert quoted("a\nb\x1b[31m") == r"'a\nb\x1b[31m'"
    assert len(quoted("x" * 10_000)) < 100


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert nearest("BOOKTICKER", ["trade", "bookTicker"]).startswith("Did you mean 'bookTicker'?")
    assert nearest("zzz", ["trade", "bookTicker"]) == "Known are trade, bookTicker."
