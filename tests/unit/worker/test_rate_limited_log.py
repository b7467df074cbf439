from __future__ import annotations

import logging

import pytest

from daedalus.worker.rate_limited_log import MOST_TOPICS, RateLimitedLog


def test_a_flood_of_one_topic_is_one_line_and_a_count(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    limited = RateLimitedLog(logging.getLogger("daedalus.test"), interval_seconds=60, clock=lambda: now)
    for number in range(1000):
        limited.warning("malformed", "malformed message: %d", number)
    limited.warning("other", "another topic")
    now = 61.0
    limited.warning("malformed", "malformed message: %d", 1000)
    assert [record.getMessage() for record in caplog.records] == [
        "malformed message: 0",
        "another topic",
        "malformed message: 1000 (and 999 more like it before)",
    ]


def test_what_is_over_is_told_at_once_when_it_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    limited = RateLimitedLog(logging.getLogger("daedalus.test"), clock=lambda: 0.0)
    for _ in range(2):
        limited.warning("store", "the store is down")
    limited.forget()
    limited.warning("store", "the store is down")
    assert len(caplog.records) == 2


def test_texts_of_others_as_topics_do_not_fill_the_memory() -> None:
    limited = RateLimitedLog(logging.getLogger("daedalus.test"))
    for number in range(3 * MOST_TOPICS):
        limited.info(str(number), "one more")
    assert len(limited._held) == MOST_TOPICS
