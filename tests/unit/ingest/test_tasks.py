from __future__ import annotations

import asyncio
import logging

import pytest

from daedalus.ingest.tasks import Tasks, unless


async def for_ever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ZeroDivisionError("a bug")


async def test_a_part_that_never_ends_and_has_ended_by_an_error_is_a_failure_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended = asyncio.Event()
    tasks = Tasks(ended.set)
    tasks.keep(for_ever())
    assert not tasks.failed()
    tasks.keep(broken())
    async with asyncio.timeout(10):
        await ended.wait()
    with caplog.at_level(logging.ERROR):
        assert tasks.failed()
    assert "a bug" in caplog.text
    await tasks.cancel()


async def test_a_part_that_may_end_stops_nothing() -> None:
    ended = asyncio.Event()
    tasks = Tasks(ended.set)
    tasks.begin(broken())
    tasks.begin(asyncio.sleep(0))
    await asyncio.sleep(0.01)
    assert not ended.is_set()
    assert not tasks.failed()
    await tasks.cancel()


async def test_all_parts_have_ended_after_they_are_cancelled() -> None:
    cleaned: list[str] = []

    async def part(name: str) -> None:
        try:
            await for_ever()
        finally:
            cleaned.append(name)

    tasks = Tasks(lambda: None)
    tasks.keep(part("endless"))
    tasks.begin(part("other"))
    await asyncio.sleep(0)
    await tasks.cancel()
    assert sorted(cleaned) == ["endless", "other"]
    assert not tasks.failed()


async def test_what_is_waited_for_is_given_up_when_the_worker_is_to_stop() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    async with asyncio.timeout(10):
        await unless(stop, for_ever())


async def test_an_error_of_what_is_waited_for_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await unless(asyncio.Event(), broken())
