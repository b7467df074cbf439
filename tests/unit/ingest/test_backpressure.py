"""Reading stops at a full queue and goes on at half of it, on all connections alike."""

from __future__ import annotations

from daedalus.ingest.backpressure import Backpressure
from daedalus.store.raw import RawRecord


class Writer:
    """A sink of which the test says how many records wait."""

    waiting = 0

    def append(self, record: RawRecord) -> None: ...


class Connection:
    """A connection that notes whether it reads."""

    def __init__(self, heard_ns: int) -> None:
        self.heard_ns = heard_ns
        self.reads = True

    def pause(self) -> None:
        self.reads = False

    def resume(self) -> None:
        self.reads = True


async def test_all_connections_stop_at_a_full_queue_and_go_on_at_half_of_it() -> None:
    writer, one, other = Writer(), Connection(1), Connection(2)
    it = Backpressure(writer, queue_maxsize=10, batch_size=5)
    it.opened(one)
    writer.waiting = 10
    it.appended(1)
    it.opened(other)
    assert (it.paused, it.pauses, one.reads, other.reads) == (True, 1, False, False)
    writer.waiting = 6
    it.written()
    assert it.paused
    writer.waiting = 5
    it.written()
    assert (it.paused, one.reads, other.reads) == (False, True, True)
    await it.wait_for_room()


async def test_the_writer_is_woken_when_a_batch_is_complete() -> None:
    it = Backpressure(Writer(), queue_maxsize=10, batch_size=5)
    it.appended(4)
    assert not it.wake.is_set()
    it.appended(1)
    assert it.wake.is_set()


async def test_everything_was_appended_until_the_connection_that_was_heard_least_lately() -> None:
    it = Backpressure(Writer(), queue_maxsize=10, batch_size=5)
    assert it.heard_ns(9) == 9
    one, other = Connection(3), Connection(5)
    it.opened(one)
    it.opened(other)
    assert it.heard_ns(9) == 3
    it.ended(one)
    assert it.heard_ns(9) == 5
