"""SIGTERM, Ctrl-C and a closed terminal as an event that a worker waits on, to stop in good order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

__all__ = ["STOP_SECONDS", "StopEvent", "stop_event", "stop_signals"]

STOP_SECONDS = 10.0
"""A worker stops within this time, with all that it holds on the disk."""


class StopEvent(Event):
    """Set when the worker is to stop. Threads wait on it; an event loop asks to be called."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[Callable[[], object]] = []

    def when_set(self, call: Callable[[], object]) -> None:
        """Call once it is set, from the thread that sets it; at once if it is set. Twice does no harm."""
        self._calls.append(call)
        if self.is_set():
            call()

    def set(self) -> None:
        super().set()
        for call in self._calls:
            call()


def stop_signals() -> tuple[signal.Signals, ...]:
    """The signals that ask a process to stop. A closed terminal is none under nohup, which ignores it."""
    hangup = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGTERM, signal.SIGINT, *hangup)


@contextmanager
def stop_event() -> Iterator[StopEvent]:
    """An event that the first signal sets. After a second signal, Ctrl-C interrupts as usual."""
    event = StopEvent()
    asked = False
    read, write = os.pipe()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        asked = True
        # A handler interrupts the main thread anywhere, in `event.wait` too, which may hold the event's
        # lock. To set the event from here could wait for that lock for ever.
        os.write(write, b"\0")

    def listen() -> None:
        if os.read(read, 1):
            event.set()

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    before = {each: signal.signal(each, stop) for each in stop_signals()}
    try:
        yield event
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(write)
        listener.join()
        os.close(read)
