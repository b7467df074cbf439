from __future__ import annotations

import pytest

from daedalus.exchanges.reading import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("0017", 17), (str(2**62 - 1), 2**62 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", " 1", "1e400", "\u00b2", "\u0663", "1_0", str(2**62), "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text) is None
