"""Random numbers in closed form: the n-th number of a sequence without the n-1 before it.

All arithmetic is on 64-bit integers, so that the same seed gives the same market everywhere.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["REACH", "mix", "walk"]

_MASK = (1 << 64) - 1
_OCTAVES = 22  # the slowest swing lasts 2**22 positions; then the walk is back where it began


def mix(key: int, value: int) -> int:
    """A 64-bit hash of a value and a key (the finalizer of splitmix64)."""
    bits = (key + value * 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def walk(key: int, position: int) -> int:
    """The position of a random walk after ``position`` moves of a few units, at most `REACH` from 0.

    A sum of swings, each twice as slow and 1.4 times as wide as the one before, as in Brownian motion.
    """
    total = 0
    for octave, amplitude in enumerate(_AMPLITUDES, start=1):
        knot = position >> octave
        along = position - (knot << octave)
        before, after = _knot(key + octave, knot, amplitude), _knot(key + octave, knot + 1, amplitude)
        total += before + (((after - before) * along) >> octave)
    return total


@lru_cache(maxsize=1 << 13)  # slow swings stay between the same two knots for long
def _knot(key: int, number: int, amplitude: int) -> int:
    return mix(key, number) % (2 * amplitude + 1) - amplitude


_AMPLITUDES = tuple(round(2 ** (octave / 2)) for octave in range(1, _OCTAVES + 1))

REACH = sum(_AMPLITUDES)
"""The farthest from 0 that a walk can get."""
