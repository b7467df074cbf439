"""The workers' log: one line per event, in UTC, to stderr, and to a file where one is asked for.

    2026-11-23T21:24:00.123Z INFO ingest.binance recording 8 streams

systemd keeps stderr. DAEDALUS_LOG_FILE names a file to write as well, which is opened again after logrotate
has moved it. Each place in the code writes at most some 9,000 lines a day; further lines are counted.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
import time
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from msgspec import Struct

from ..shown import shown, shown_lines

__all__ = ["setup_logging"]

LOG_FILE = "DAEDALUS_LOG_FILE"

BURST_LINES = 100
SECONDS_A_LINE = 10.0
"""How many lines a place in the code may write at once, and the seconds for each further one."""


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        name = record.name.removeprefix("daedalus.")
        # Foreign text may hold line breaks and more; an event stays one line.
        message = shown(record.getMessage())
        if left_out := getattr(record, "left_out", 0):
            message += f" (and {left_out:,} more like it before, left out)"
        line = f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z {record.levelname} {name} {message}"
        if record.exc_info:
            # Indented, so that no line of it is taken for an event.
            trace = shown_lines(self.formatException(record.exc_info))
            line += "\n  " + trace.replace("\n", "\n  ")
        return line


class _Site(Struct):
    """A place in the code that logs: lines it may still write, since when, and how many it could not."""

    lines: float
    at: float
    left_out: int = 0


class _Bounded(logging.Filter):
    """Limits the lines of each place in the code, and counts the others."""

    def __init__(self) -> None:
        super().__init__()
        self._sites: dict[tuple[str, int], _Site] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO:
            return True  # debug lines are wanted in full
        about = record.__dict__
        if "left_out" not in about:  # all handlers must get the same answer
            about["left_out"] = self._count(record.pathname, record.lineno)
        return bool(about["left_out"] >= 0)

    def _count(self, path: str, line: int) -> int:
        """How many lines were left out before this one; -1: this one is left out as well."""
        now = time.monotonic()
        with self._lock:
            site = self._sites.setdefault((path, line), _Site(BURST_LINES, now))
            site.lines = min(BURST_LINES, site.lines + (now - site.at) / SECONDS_A_LINE)
            site.at = now
            if site.lines < 1:
                site.left_out += 1
                return -1
            site.lines -= 1
            left_out, site.left_out = site.left_out, 0
            return left_out


def setup_logging(level: str) -> None:
    """Log our own events from ``level`` (debug, info, warning, error) up, and warnings of libraries.

    A second call replaces the first. A log file that cannot be opened is reported and not used: recording
    goes on without it.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    trouble = None
    if path := os.environ.get(LOG_FILE):
        try:
            if _is_pipe(path):
                raise OSError(0, "it is a pipe, which waits for a reader")
            handlers.append(WatchedFileHandler(path, encoding="utf-8"))
        except OSError as error:
            trouble = f"{LOG_FILE}: {path} cannot be written: {error.strerror}. Logging to stderr alone."
    bounded = _Bounded()
    for handler in handlers:
        handler.setFormatter(_Lines())
        handler.addFilter(bounded)
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("daedalus").setLevel(level.upper())
    if trouble:
        logging.getLogger("daedalus.worker.log").error("%s", trouble)


def _is_pipe(path: str) -> bool:
    try:
        return stat.S_ISFIFO(Path(path).stat().st_mode)
    except OSError:
        return False
