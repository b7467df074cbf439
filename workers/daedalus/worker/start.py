"""How the command line starts a worker: log, signals, and what the worker says that it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from .. import __version__
from ..config import Config, fingerprint
from .log import setup_logging
from .signals import StopEvent, stop_event
from .status import Setup

__all__ = ["Launch", "setup_of", "started"]


class Launch(Struct, frozen=True):
    """What the command line gives to a worker: what it runs, and the event that tells it to stop."""

    setup: Setup
    stop: StopEvent


@contextmanager
def started(config: Config, worker: str) -> Iterator[Launch]:
    """Set up the log and the signals of this process, which is to be ``worker``."""
    setup_logging(config.log.level)
    with stop_event() as stop:
        yield Launch(setup_of(config, worker), stop)


def setup_of(config: Config, worker: str) -> Setup:
    """What a worker that starts now with this configuration runs."""
    return Setup(
        config_path=str(config.origin.file) if config.origin.file else "",
        config_hash=fingerprint(config, worker),
        version=__version__,
    )
