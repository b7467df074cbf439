"""The notation of prices and amounts: decimal digits from whole ticks and lots, without rounding."""

from __future__ import annotations

from .book import Levels
from .instruments import Instrument

__all__ = ["Notation"]


class Notation:
    """The notation of one instrument on one exchange, as `padded` or `short` make it."""

    def __init__(self, instrument: Instrument, price_places: int, amount_places: int) -> None:
        self._price_unit, self._price_pattern = _pattern(instrument.price_digits, price_places)
        self._amount_unit, self._amount_pattern = _pattern(instrument.amount_digits, amount_places)
        self._pair_pattern = f'["{self._price_pattern}","{self._amount_pattern}"]'

    @classmethod
    def padded(cls, instrument: Instrument, places: int) -> Notation:
        """All numbers with the same number of places, as "61837.64000000"."""
        return cls(instrument, places, places)

    @classmethod
    def short(cls, instrument: Instrument) -> Notation:
        """Prices to the tick and amounts to the lot, as "61837.64" and "0.45000"."""
        return cls(instrument, instrument.price_digits, instrument.amount_digits)

    def price(self, ticks: int) -> str:
        """Write a price."""
        return self._price_pattern % divmod(ticks, self._price_unit)

    def amount(self, lots: int) -> str:
        """Write an amount."""
        return self._amount_pattern % divmod(lots, self._amount_unit)

    def levels(self, levels: Levels) -> str:
        """Write levels as a JSON list of [price, amount]."""
        pattern, price_unit, amount_unit = self._pair_pattern, self._price_unit, self._amount_unit
        pairs = [
            pattern % (price // price_unit, price % price_unit, amount // amount_unit, amount % amount_unit)
            for price, amount in levels
        ]
        return f"[{','.join(pairs)}]"


def _pattern(digits: int, places: int) -> tuple[int, str]:
    """The units in one whole, and the pattern that takes (wholes, units)."""
    if places < digits:
        raise ValueError(f"{digits} digits do not fit {places} places")
    if places == 0:
        return 1, "%d%.0s"  # the units are always 0 here: write none of them
    if digits == 0:
        return 1, f"%d.{'0' * places}%.0s"
    return 10**digits, f"%d.%0{digits}d{'0' * (places - digits)}"
