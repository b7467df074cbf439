"""Changes an input, where it holds JSON by its values: a decoder in C gives the fuzzer no hints."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

__all__ = ["JsonMutator"]

_TEXTS = (
    "0|-1|1|1e400|1e308|1e-400|-0|NaN|Infinity|nan|inf| 1|1 |0x10|1_000|\u00b2|\u0663|\0|\ud800|\u202e|"
    "../../x|buy|sell|A|BTCUSDT|9999-12-31T23:59:59Z|0001-01-01T00:00:00Z|2026-02-30T00:00:00.1Z|"
    "2262-04-11T23:47:16.854775808Z"
)
_EDGES = (0, 1, 31, 53, 62, 63, 64, 100)
VALUES: tuple[Any, ...] = (
    *_TEXTS.split("|"),
    *("", "A" * 200, "9" * 25, "0." + "3" * 40),
    *(sign * 2**edge + step for edge in _EDGES for sign in (1, -1) for step in (-1, 0)),
    *(1.5, -0.0, 1e308, 5e-324, 1_790_000_000_000, 1_790_000_000_000_000),
    *(None, True, False, [], {}, [[]], [{}], ["1", "2"], {"a": [1]}),
)
MOST_BYTES = 4096
_Place = tuple[Any, Any]


class JsonMutator:
    """``others``: the seeds, whose parts are put in the places of others; ``raw``: the fuzzer's own way."""

    def __init__(self, others: Sequence[bytes], raw: Callable[[bytes, int], bytes]) -> None:
        self._raw = raw
        self._others = others
        self._parts = [part for each in others if (part := _parsed(each)) is not None]

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        most = min(max_size, MOST_BYTES)
        if random.random() < 0.4:
            return self._raw(data, max_size)
        lines = bytes(data).split(b"\n")
        at = random.randrange(len(lines))
        if random.random() < 0.15:
            self._other_line(lines, at, random)
        else:
            mark, text = (lines[at][:1], lines[at][1:]) if lines[at][1:2] == b"{" else (b"", lines[at])
            document = _parsed(text)
            if document is None:
                return self._raw(data, max_size)
            try:
                for _ in range(random.choice((1, 1, 1, 2, 3))):
                    document = self._changed(document, random)
                lines[at] = mark + json.dumps(document, separators=(",", ":")).encode()
            except (ValueError, RecursionError):
                return self._raw(data, max_size)
        return b"\n".join(lines)[:most]

    def _other_line(self, lines: list[bytes], at: int, random: Random) -> None:
        how = random.randrange(4)
        if how == 0 and len(lines) > 1:
            del lines[at]
        elif how == 1:
            lines.insert(at, lines[at])
        elif how == 2:
            lines[at], lines[-1] = lines[-1], lines[at]
        else:
            lines.insert(at, random.choice(self._others) if self._others else b"")

    def _changed(self, document: Any, random: Random) -> Any:
        places = _places(document)
        if not places:
            return self._value(None, random)
        holder, key = random.choice(places)
        how = random.randrange(9)
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, list):
            holder[key:key] = [_copy(holder[key]) for _ in range(random.choice((1, 2, 30)))]
        elif how == 2 and isinstance(holder, dict):
            holder[random.choice((key + "x", "", *holder))] = _copy(holder[key])
        elif how == 3:
            other, place = random.choice(places)
            if place in other if isinstance(other, dict) else place < len(other):
                holder[key] = _copy(other[place])
        elif how == 4 and self._parts:
            part = random.choice(self._parts)
            found = _places(part)
            other, place = random.choice(found) if found else ([part], 0)
            holder[key] = _copy(other[place])
        elif how == 5:
            holder[key] = (
                json.dumps(holder[key]) if not isinstance(holder[key], str) else _number(holder[key])
            )
        else:
            holder[key] = self._value(holder[key], random)
        return document

    def _value(self, old: Any, random: Random) -> Any:
        if isinstance(old, int) and random.random() < 0.5:
            return old + random.choice((-1, 1, 2, -100, 2**40))
        if isinstance(old, str) and old and random.random() < 0.4:
            at = random.randrange(len(old))
            return old[:at] + random.choice(("", "-", ".", "e9", "0", "\u00e9", "\n", "Z")) + old[at + 1 :]
        return _copy(random.choice(VALUES))


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return [text]


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _places(document: Any) -> list[_Place]:
    """Every value as (what holds it, its key), without recursion."""
    found: list[_Place] = []
    waiting = [document]
    while waiting and len(found) < 500:
        holder = waiting.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            waiting.append(holder[key])
    return found
