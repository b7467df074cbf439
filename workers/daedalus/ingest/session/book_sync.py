"""Which books of a connection still need a snapshot, by their ids alone. Pure.

Deltas make a book only together with a snapshot that is new enough: the stream's first delta must not start
later than the snapshot's last id + 1. Binance's procedure ("How to manage a local order book correctly"):
open the stream, fetch a snapshot, and fetch again where it is too old.
"""

from __future__ import annotations

from ...exchanges.model import Ids

__all__ = ["BookSync"]


class BookSync:
    """The books of one connection. `delta` and `snapshot` say whether a snapshot must be fetched (again)."""

    def __init__(self) -> None:
        self._first_delta: dict[str, int] = {}
        self._snapshot_last: dict[str, int] = {}
        self.unsynced: set[str] = set()
        """The symbols whose books wait for a snapshot that is new enough."""

    def begin(self, symbol: str) -> None:
        """The stream begins, or begins anew after a gap: the book is void."""
        self._first_delta.pop(symbol, None)
        self._snapshot_last.pop(symbol, None)
        self.unsynced.add(symbol)

    def delta(self, symbol: str, ids: Ids) -> bool:
        """A delta came for a book in `unsynced`; for other books there is no need to ask."""
        # A link covers everything after the message it names, whatever ids the exchange skips.
        self._first_delta.setdefault(symbol, ids.first if ids.previous is None else ids.previous + 1)
        return symbol in self._snapshot_last and self._is_too_old(symbol)

    def snapshot(self, symbol: str, last: int) -> bool:
        """A snapshot came that holds everything up to id ``last``."""
        if symbol not in self.unsynced:
            return False
        self._snapshot_last[symbol] = last
        return symbol in self._first_delta and self._is_too_old(symbol)

    def _is_too_old(self, symbol: str) -> bool:
        """Compare snapshot and first delta: the book is complete, or the snapshot is dropped."""
        too_old = self._first_delta[symbol] > self._snapshot_last[symbol] + 1
        if too_old:
            del self._snapshot_last[symbol]
        else:
            self.unsynced.discard(symbol)
        return too_old
