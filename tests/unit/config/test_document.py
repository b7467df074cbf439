"""YAML as plain values: what is read how, and what is refused."""

from __future__ import annotations

import pytest

from daedalus.config.document import parse
from daedalus.config.problems import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 010", "010"),  # 8 in YAML 1.1
        ("a: 1:30", "1:30"),  # 90 in YAML 1.1
        ("a: 0x10", "0x10"),
        ("a: 2026-13-45", "2026-13-45"),  # no date at all
        ("a: 2026-11-23", "2026-11-23"),
        ("a: .inf", ".inf"),
        ("a: 1_000", 1000),
        ("a: 1__0", "1__0"),
        ("a: -7", -7),
        ("a: 2.5", 2.5),
        ("a: NO", False),
        ("a: On", True),
        ('a: "NO"', "NO"),
        ("a:", None),
        ("a: " + "9" * 5000, "9" * 5000),
    ],
)
def test_a_scalar_is_what_it_says(text: str, value: object) -> None:
    assert parse(text, "f").value == {"a": value}


def test_each_value_knows_the_line_of_its_key() -> None:
    document = parse("a:\n  b:\n    - x\n    - y\nc:\n  1\n", "f")
    lines = [document.line(path) for path in [("a",), ("a", "b"), ("a", "b", 1), ("c",)]]
    assert lines == [1, 2, 4, 5]


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    document = parse("a: 1\nb:\n  c: 2\n", "f")
    assert document.line(("b", "d", "e")) == 2


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(ConfigError, match=r"f:1: aliases and anchors .* are not allowed"):
        parse(bomb, "f")


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 5_000, "{a: " * 5_000, "? " * 5_000])
def test_no_depth_of_nesting_exhausts_the_stack(text: str) -> None:
    with pytest.raises(ConfigError, match="nested too deep"):
        parse(text, "f")
