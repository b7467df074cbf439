"""The parts of the recorder that run side by side on the event loop until it stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

__all__ = ["Tasks", "unless"]

log = logging.getLogger("daedalus.ingest")


class Tasks:
    """``on_end`` is called when a part that must not end has ended, by a bug: a restart cures it."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._endless: list[asyncio.Task[None]] = []
        self._others: list[asyncio.Task[None]] = []

    def keep(self, part: Coroutine[None, None, None]) -> None:
        """Run a part that never ends by itself."""
        task = asyncio.get_running_loop().create_task(part)
        task.add_done_callback(lambda _: self._on_end())
        self._endless.append(task)

    def begin(self, part: Coroutine[None, None, None]) -> None:
        """Run a part that ends when it is done, whether it succeeds or not."""
        self._others.append(asyncio.get_running_loop().create_task(part))

    def failed(self) -> bool:
        """Whether a part that never ends has ended by an error. Logs each."""
        errors = [task.exception() for task in self._endless if task.done() and not task.cancelled()]
        for error in errors:
            log.error("a part of the recorder failed", exc_info=error)
        return bool(errors)

    async def cancel(self) -> None:
        """End all parts, and wait for their ends."""
        tasks = (*self._endless, *self._others)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def unless(stop: asyncio.Event, coroutine: Coroutine[None, None, None]) -> None:
    """Wait for something, at most until ``stop`` is set."""
    work, stopping = asyncio.ensure_future(coroutine), asyncio.ensure_future(stop.wait())
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not work.done():
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return
    work.result()
