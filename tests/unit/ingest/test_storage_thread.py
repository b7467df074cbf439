from __future__ import annotations

import pytest

from daedalus.config import Writer
from daedalus.ingest.storage_thread import TURN_SECONDS, limits_of
from daedalus.ingest.wire.client import LATEST_SECONDS


def test_a_message_is_durable_within_the_interval_however_long_it_waited_before() -> None:
    flushed_every = limits_of(Writer(flush_interval_seconds=5)).flush_interval_seconds
    assert flushed_every + LATEST_SECONDS + TURN_SECONDS == pytest.approx(5)


def test_an_interval_shorter_than_the_waiting_means_every_turn() -> None:
    assert limits_of(Writer(flush_interval_seconds=0.1)).flush_interval_seconds == 0
