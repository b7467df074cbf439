from __future__ import annotations

from daedalus.normalize.backoff import Backoff
from daedalus.store.layout import Partition


def test_what_failed_is_tried_again_later_and_later_and_told_once_for_each_reason() -> None:
    now = [0.0]
    backoff, partition = Backoff(lambda: now[0]), Partition("binance", "trade")
    assert backoff.failed(partition, "no permission")
    assert not backoff.failed(partition, "no permission")
    assert backoff.waits(partition)
    for _ in range(9):
        backoff.failed(partition, "no permission")
    now[0] += 60
    assert not backoff.waits(partition)
    assert backoff.failed(partition, "no memory")
    backoff.failed(Partition("binance", "depth"), "no memory either")
    assert backoff.trouble == "no memory (and 1 more)"
    backoff.done(partition)
    assert backoff.trouble == "no memory either"
