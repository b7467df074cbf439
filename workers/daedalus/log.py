"""The workers' log: one line per event, in UTC, to stderr, and to a file where one is asked for.

    2026-11-23T21:24:00.123Z INFO ingest.binance recording 8 streams

systemd keeps what goes to stderr. DAEDALUS_LOG_FILE names a file on top; it is opened again after
logrotate has moved it away.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler

__all__ = ["setup_logging"]

LOG_FILE = "DAEDALUS_LOG_FILE"


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        name = record.name.removeprefix("daedalus.")
        # What a venue or a file system says may hold line breaks; an event stays one line.
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z {record.levelname} {name} {message}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def setup_logging(level: str) -> None:
    """Log our own events from ``level`` (debug, info, warning, error) on, and libraries' warnings.

    Doing it again replaces what was set up before. A log file that cannot be opened is reported and
    left out: recording goes on without it.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    trouble = None
    if path := os.environ.get(LOG_FILE):
        try:
            handlers.append(WatchedFileHandler(path, encoding="utf-8"))
        except OSError as error:
            trouble = f"{LOG_FILE}: {path} cannot be written: {error.strerror}. Logging to stderr alone."
    for handler in handlers:
        handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger("daedalus").setLevel(level.upper())
    if trouble:
        logging.getLogger("daedalus.log").error("%s", trouble)
