from __future__ import annotations

from daedalus.normalize.waiting_partitions import WaitingPartitions
from daedalus.store.layout import Partition


def test_what_failed_is_tried_again_later_and_later_and_told_once_for_each_reason() -> None:
    now = [0.0]
    waiting, partition = WaitingPartitions(lambda: now[0]), Partition("binance", "trade")
    assert waiting.failed(partition, "no permission")
    assert not waiting.failed(partition, "no permission")
    assert waiting.waits(partition)
    for _ in range(9):
        waiting.failed(partition, "no permission")
    now[0] += 60
    assert not waiting.waits(partition)
    assert waiting.failed(partition, "no memory")
    waiting.failed(Partition("binance", "depth"), "no memory either")
    assert waiting.trouble == "no memory (and 1 more)"
    waiting.done(partition)
    assert waiting.trouble == "no memory either"
