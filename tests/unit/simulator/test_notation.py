"""Notation: exact digits."""

from __future__ import annotations

import pytest

from daedalus.simulator.instruments import Instrument
from daedalus.simulator.notation import Notation


def notation(price_digits: int, amount_digits: int, places: int | None) -> Notation:
    traded = Instrument("X", "A", "B", price_digits, amount_digits, 10**5, 100)
    return Notation.short(traded) if places is None else Notation.padded(traded, places)


@pytest.mark.parametrize(
    ("digits", "places", "units", "text"),
    [
        (2, 8, 6183764, "61837.64000000"),
        (8, 8, 637, "0.00000637"),
        (0, 8, 4265, "4265.00000000"),
        (2, None, 1, "0.01"),
        (0, None, 985, "985"),
    ],
)
def test_numbers_have_the_places_of_the_exchange(
    digits: int, places: int | None, units: int, text: str
) -> None:
    subject = notation(digits, digits, places)
    assert subject.price(units) == subject.amount(units) == text
    assert subject.levels([(units, 0), (units, units)]).endswith(f'["{text}","{text}"]]')


def test_digits_are_never_cut_off() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        notation(4, 4, 2)
