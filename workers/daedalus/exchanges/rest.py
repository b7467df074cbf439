"""Requests over REST, and how their answers are read."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..tables.rows import Listing, Row
from .header import Data, Header, Malformed

__all__ = ["Missing", "Rest", "RestLimit", "RestRequest"]


class RestRequest(Struct, frozen=True):
    """One HTTP GET (or, with a ``body``, a POST of JSON) below the exchange's REST URL, and what it costs."""

    path: str
    weight: int
    body: bytes | None = None


class RestLimit(Struct, frozen=True):
    """The REST weight an exchange allows per minute, and the response header that tells how much is used.

    interval_seconds: minimum time between two requests, where the exchange also limits them per second
    """

    weight_per_minute: int
    used_header: str | None = None
    interval_seconds: float = 0.0


class Missing(Struct, frozen=True):
    """A gap to fill: ids ``first``..``last`` (inclusive), lost between two times (UTC ns).

    ``first`` and ``last`` are None where the exchange has no ids: the gap is then known by its time alone.
    """

    channel: str
    symbol: str
    first: int | None
    last: int | None
    from_ns: int
    to_ns: int


class Rest:
    """How an exchange's REST API is requested and read. Pure. Defaults are for an exchange without one."""

    def snapshot_request(self, symbol: str) -> RestRequest:
        """The request for a whole book. Raises `ValueError` where no channel's ``snapshot`` is "rest"."""
        raise ValueError(f"the exchange sends the snapshot of {symbol} on the stream; ask for none over REST")

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """Read the ids of a book's body. Never raises."""
        return Malformed()

    def normalize_snapshot(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode a book's body into rows. Raises as `Messages.normalize` does."""
        return ()

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The request for the oldest missing trades, as many as one answer holds.

        None where the exchange cannot be asked for them.
        """
        return None

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the ids of an answer; one without trades is `Data` without ids. Never raises.

        Where an answer may not reach back to all that was asked for, ``complete_from_ns`` says how far.
        """
        return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode the trades of an answer, oldest first. Raises as `Messages.normalize` does."""
        return ()

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The requests whose answers list all instruments."""
        return ()

    def instruments(self, body: bytes) -> Listing:
        """Read one of these answers, entry by entry. Raises as `Messages.normalize` does."""
        return Listing()
