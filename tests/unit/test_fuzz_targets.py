"""The targets of `make fuzz` hold of what fuzzing begins with, and of a little beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random

import pytest
from fuzz.files import SEGMENT
from fuzz.mutate import JsonMutator
from fuzz.targets import TARGETS

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Ids, Notice
from daedalus.normalize import recorded_lines
from daedalus.store import SegmentId
from daedalus.watchdog.state import State


def changed(data: bytes, most: int) -> bytes:
    """One byte more, less, or other."""
    random = Random(data)
    at = random.randint(0, len(data))
    return data[:at] + random.randbytes(random.randint(0, 2)) + data[at + random.randint(0, 2) :][:most]


def inputs(name: str) -> Iterator[bytes]:
    seeds = list(TARGETS[name].seeds())
    assert seeds
    mutate = JsonMutator(seeds, changed)
    for number, seed in enumerate(Random(1).sample(seeds, min(len(seeds), 80))):
        yield seed
        yield mutate(seed, 4096, number) if TARGETS[name].is_json else changed(seed, 4096)


SERVED = pytest.param("http-answer", marks=pytest.mark.server)


@pytest.mark.parametrize("name", [SERVED if name == "http-answer" else name for name in TARGETS])
def test_a_target_holds_of_its_seeds_and_of_what_they_are_changed_to(name: str) -> None:
    for content in inputs(name):
        TARGETS[name].read(content)


def answers(value: object) -> Callable[..., object]:
    return lambda *_: value


def fails(*_: object, **__: object) -> object:
    raise KeyError("a fault of ours")


@pytest.mark.parametrize(
    ("name", "place", "attribute", "fault", "expected"),
    [
        ("binance", type(EXCHANGES["binance"].messages), "classify", fails, KeyError),
        (
            "kraken",
            type(EXCHANGES["kraken"].messages),
            "classify",
            answers(Data("trade", "A", Ids(2, 1))),
            AssertionError,
        ),
        ("okx", type(EXCHANGES["okx"].rest), "classify_backfill", answers(Notice()), AssertionError),
        ("watchdog", State, "in_boot", fails, KeyError),
        ("file-name", SegmentId, "from_sealed", answers(SEGMENT), AssertionError),
        ("recorded", recorded_lines, "_own_form", fails, KeyError),
    ],
)
def test_a_target_notices_a_fault(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    place: object,
    attribute: str,
    fault: Callable[..., object],
    expected: type[Exception],
) -> None:
    def read_all() -> None:
        for content in contents:
            TARGETS[name].read(content)

    contents = list(islice(inputs(name), 40))
    monkeypatch.setattr(place, attribute, fault)
    with pytest.raises(expected):
        read_all()
