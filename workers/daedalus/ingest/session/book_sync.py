"""Which books of a connection still need a snapshot, by the ids alone.

A stream of deltas becomes a book only with a snapshot that touches it: the first delta after it must
not start later than the snapshot's last id + 1. Binance's procedure ("How to manage a local order
book correctly") is: open the stream, then fetch, and fetch again where the snapshot is too old.
"""

from __future__ import annotations

from ...exchanges.model import Ids

__all__ = ["BookSync"]


class BookSync:
    """The snapshots one connection waits for. `delta` and `snapshot` say whether one must be fetched."""

    def __init__(self) -> None:
        self._first_delta: dict[str, int] = {}
        self._snapshot_last: dict[str, int] = {}
        self.unsynced: set[str] = set()

    def begin(self, symbol: str) -> None:
        """The stream starts, or starts anew after a gap: what was known of the book is void."""
        self._first_delta.pop(symbol, None)
        self._snapshot_last.pop(symbol, None)
        self.unsynced.add(symbol)

    def delta(self, symbol: str, ids: Ids) -> bool:
        """A delta came for a book in `unsynced`; synced books need not be asked."""
        # A link covers all behind the message it names, whatever numbers the exchange skips.
        self._first_delta.setdefault(symbol, ids.first if ids.previous is None else ids.previous + 1)
        return symbol in self._snapshot_last and self._judge(symbol)

    def snapshot(self, symbol: str, last: int) -> bool:
        """A snapshot came that holds everything up to id ``last``."""
        if symbol not in self.unsynced:
            return False
        self._snapshot_last[symbol] = last
        return symbol in self._first_delta and self._judge(symbol)

    def _judge(self, symbol: str) -> bool:
        too_old = self._first_delta[symbol] > self._snapshot_last[symbol] + 1
        if too_old:
            del self._snapshot_last[symbol]
        else:
            self.unsynced.discard(symbol)
        return too_old
