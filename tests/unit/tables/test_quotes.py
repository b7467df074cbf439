"""An empty side of a quote is null, and nothing gives no row."""

from __future__ import annotations

import pytest

from daedalus.tables.quotes import Quote, quote


@pytest.mark.parametrize("side", [(None, None), (0.0, 0.0), (0.0, None), (0.0, 3.0), (5.0, 0.0), (None, 0.0)])
def test_a_side_that_is_not_there_is_null_however_it_is_written(side: tuple[float, float]) -> None:
    assert quote("A", 1, side, (2.0, 3.0)) == (Quote("A", 1, None, None, 2.0, 3.0),)
    assert quote("A", 1, (2.0, 3.0), side) == (Quote("A", 1, 2.0, 3.0, None, None),)
    assert quote("A", 1, side, side) == ()


def test_a_side_without_an_amount_has_its_price() -> None:
    assert quote("A", 1, (2.0, None), (3.0, None), 7) == (Quote("A", 1, 2.0, None, 3.0, None, 7),)
