"""SIGTERM and Ctrl-C as an event that a worker waits on, so that it stops in good order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

__all__ = ["stop_event"]


@contextmanager
def stop_event() -> Iterator[Event]:
    """An event that the first signal sets; a second Ctrl-C interrupts as it would without us."""
    event = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            signal.signal(signal.SIGINT, signal.default_int_handler)
        event.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield event
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
