"""What one segment of a partition leaves for the next: the state of each stage."""

from __future__ import annotations

from msgspec import Struct, field

from .book_checksums import CheckState
from .book_failover import FailoverState
from .books import BookState
from .deduplicate import DeduplicationState
from .gaps import GapsState

__all__ = ["Checkpoint"]


class Checkpoint(Struct, frozen=True):
    """The state of each stage between two segments; becomes JSON as it is.

    ``eras``: how often the exchange's numbers have started anew, by symbol. ``damaged``: the segment could
    not be read. All its rows are missing, and the other fields are as the segment before left them.
    """

    deduplication: DeduplicationState = field(default_factory=DeduplicationState)
    checksums: list[CheckState] = []
    failover: list[FailoverState] = []
    gaps: GapsState = field(default_factory=GapsState)
    books: list[BookState] = []
    eras: dict[str, int] = {}
    damaged: bool = False
