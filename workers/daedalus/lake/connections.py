"""An exchange's connections: when each was opened and closed, and when there was none; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from msgspec import Struct

from ..store.raw import process_of
from .spans import Span

__all__ = ["Event", "events_of", "outages"]


class Event(Struct, frozen=True, order=True):
    """A connection was opened or closed, at UTC ns."""

    at_ns: int
    conn: str
    opened: bool


def events_of(batch: pa.RecordBatch) -> Iterator[Event]:
    """The events in rows of the table ``connections``."""
    columns: list[list[Any]] = [
        batch.column("timestamp").cast(pa.int64()).to_pylist(),
        *(batch.column(name).to_pylist() for name in ("conn", "event")),
    ]
    for at, conn, kind in zip(*columns, strict=True):
        yield Event(at, conn, kind == "open")


def outages(events: Iterable[Event]) -> list[Span]:
    """Outages of all streams (UTC ns): from the end of the last one to the next opening.

    A crash writes no end; such an outage stands in the ledger alone.
    """
    ordered = sorted(set(events))
    last_of = {process_of(event.conn): event.at_ns for event in ordered}
    standing: set[str] = set()
    found: list[Span] = []
    since: int | None = None
    for event in ordered:
        if event.opened:
            # Connections of a process that writes nothing from here on are dead, though no end was written.
            standing = {conn for conn in standing if last_of[process_of(conn)] >= event.at_ns}
            if not standing and since is not None:
                found.append((since, event.at_ns - 1))
            standing.add(event.conn)
            since = None
        else:
            standing.discard(event.conn)
            if not standing:
                since = event.at_ns
    return found
