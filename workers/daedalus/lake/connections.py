"""What a lake says of an exchange's connections: when one was opened or ended, over all of its days.

An outage begins on one day and ends on another, so a day's figures need the days around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ..storage.errors import TargetError
from .coverage import Event
from .report import Finding
from .source import DamagedFileError, Lake, Listing

__all__ = ["connection_events", "events_of"]


def events_of(batch: pa.RecordBatch) -> Iterator[Event]:
    """The events in rows of the table ``connections``."""
    columns: list[list[Any]] = [
        batch.column("timestamp").cast(pa.int64()).to_pylist(),
        *(batch.column(name).to_pylist() for name in ("conn", "event")),
    ]
    for at, conn, kind in zip(*columns, strict=True):
        yield Event(at, conn, kind == "open")


def connection_events(lake: Lake, exchange: str, listing: Listing) -> tuple[list[Event], list[Finding]]:
    """All events of an exchange, and what is wrong with the files that have them."""
    events: list[Event] = []
    findings = []
    for file in listing.files:
        if file.table == "connections" and file.exchange == exchange:
            try:
                for batch in lake.checked(file):
                    events += events_of(batch)
            except DamagedFileError as damage:
                findings.append(Finding.of(file.key, damage))
            except TargetError as error:
                if error.kind.concerns_whole_store:
                    raise
                findings.append(Finding("unreadable", file.key, error.problem))
    return events, findings
