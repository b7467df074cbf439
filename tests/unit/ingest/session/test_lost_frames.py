"""Lost frames are told at once, and a storm of them in few rows that leave none out."""

from __future__ import annotations

import asyncio

import pytest

from daedalus.ingest.session import lost_frames as lost_frames_module
from daedalus.ingest.session.lost_frames import LostFrames


async def test_the_first_is_told_at_once_and_a_storm_in_sum() -> None:
    told: list[tuple[int, int]] = []
    frames = LostFrames(lambda missing, from_ns: told.append((missing, from_ns)))
    for number in range(10_000):
        frames.lost(1, 100 + number)
    assert told == [(1, 100)]
    frames.flush()
    assert told == [(1, 100), (9_999, 101)]
    frames.flush()
    assert len(told) == 2


async def test_what_waits_is_told_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_frames_module, "INTERVAL_SECONDS", 0.05)
    told: list[tuple[int, int]] = []
    frames = LostFrames(lambda missing, from_ns: told.append((missing, from_ns)))
    for number in range(3):
        frames.lost(2, number)
    async with asyncio.timeout(10):
        while len(told) < 2:
            await asyncio.sleep(0.01)
    assert told == [(2, 0), (4, 1)]
