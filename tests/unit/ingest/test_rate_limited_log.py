from __future__ import annotations

import logging

import pytest

from daedalus.ingest.rate_limited_log import RateLimitedLog


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
