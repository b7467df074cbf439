"""SIGTERM, Ctrl-C and a closed terminal as an event that a worker waits on, to stop in good order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

from ..stopping import stop_signals

__all__ = ["stop_event"]


@contextmanager
def stop_event() -> Iterator[Event]:
    """An event that the first signal sets; a second Ctrl-C interrupts as it would without us."""
    event = Event()
    asked = False
    heard, told = os.pipe()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        asked = True
        # A handler runs in the middle of whatever the main thread does, `event.wait` for example, which
        # may hold the event's lock: setting it from here would wait for that lock for ever.
        os.write(told, b"\0")

    def listen() -> None:
        if os.read(heard, 1):
            event.set()

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    before = {each: signal.signal(each, stop) for each in stop_signals()}
    try:
        yield event
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(told)
        listener.join()
        os.close(heard)
