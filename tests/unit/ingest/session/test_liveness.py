from __future__ import annotations

from daedalus.exchanges.model import Channel, Subscription
from daedalus.ingest.session.liveness import Liveness

CHANNELS = {
    "depth": Channel(table="book_updates", silence_seconds=60),
    "trade": Channel(table="trades", silence_seconds=300),
    "status": Channel(table=None),
}
STREAMS = [
    Subscription("depth", "A"),
    Subscription("depth", "B"),
    Subscription("trade", "A"),
    Subscription("status", ""),
]


def watched() -> Liveness:
    return Liveness(CHANNELS, STREAMS, now=0.0)


def test_each_channel_has_its_own_patience() -> None:
    liveness = watched()
    liveness.heard("trade", "A", 50)
    assert liveness.silent_channel(60) is None
    assert liveness.silent_channel(61) == "depth"
    liveness.heard("depth", "B", 61)
    assert liveness.silent_channel(121) is None


def test_a_channel_without_a_limit_may_be_silent_for_ever() -> None:
    liveness = watched()
    liveness.heard("depth", "A", 1e6)
    liveness.heard("trade", "A", 1e6)
    assert liveness.silent_channel(1e6 + 1) is None


def test_patience_stretches_the_limit() -> None:
    assert watched().silent_channel(61, patience=4) is None
    assert watched().silent_channel(241, patience=4) == "depth"


def test_time_in_which_we_did_not_read_is_not_held_against_the_exchange() -> None:
    liveness = watched()
    liveness.restart(100)
    assert liveness.silent_channel(159) is None


def test_streams_that_never_delivered_are_named_once() -> None:
    liveness = watched()
    liveness.heard("depth", "A", 1)
    liveness.heard("trade", "A", 2)
    assert liveness.alarm(59) == []
    assert liveness.alarm(61) == [("depth", "B"), ("status", "")]
    assert liveness.alarm(62) == []
    assert (liveness.undelivered(59), liveness.undelivered(62)) == (0, 2)
    liveness.heard("depth", "B", 63)
    assert liveness.undelivered(63) == 1


def test_symbols_that_nobody_asked_for_are_not_remembered_one_by_one() -> None:
    liveness = watched()
    for number in range(10_000):
        liveness.heard("depth", str(number), 1)
    liveness.heard("depth", "A", 2)
    liveness.look(3)
    liveness.heard("depth", "B", 3)
    assert liveness.silent_channel(62) is None
    assert liveness.silent_channel(64) == "depth"
