"""What one segment leaves for the next, and what it held."""

from __future__ import annotations

from msgspec import Struct

from ..exchanges.continuity import StreamState
from .book_failover import FailoverState
from .books import BookState, CheckState
from .dedup_window import SeenContentState, SeenIdsState
from .gap_resolution import OpenGap
from .ledger import StreamLedger
from .renumbering import CountState

__all__ = ["Checkpoint", "Counts"]


class Checkpoint(Struct, frozen=True, rename={"failover": "leading"}):
    """What one segment leaves for the next of its partition; becomes JSON as it is.

    ``eras`` counts per symbol how often the exchange's counter started anew. ``damaged`` says that the
    segment could not be read: all that was in it is missing, and the rest is as the one before left it.
    """

    continuity: list[StreamState] = []
    ledger: list[StreamLedger] = []
    eras: dict[str, int] = {}
    damaged: bool = False
    open_gaps: list[OpenGap] = []
    recent: list[SeenIdsState] = []
    contents: list[SeenContentState] = []
    counts: list[CountState] = []
    books: list[BookState] = []
    checks: list[CheckState] = []
    failover: list[FailoverState] = []


class Counts(Struct):
    """What a segment held. ``rows`` are entries of tables: a book update is one, whatever its levels.

    ``in_the_middle``: it goes on with streams of which nothing before it is known.
    """

    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0
    in_the_middle: bool = False
