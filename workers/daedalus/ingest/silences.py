"""The silent streams of an exchange: since when, and when one may be asked for anew.

One that is only quiet must not be asked for again and again, so the pauses between two attempts grow; and
an exchange that is asked for a whole connection on account of one stream is asked so now and then only.
"""

from __future__ import annotations

__all__ = ["Silences"]

FIRST_PAUSE_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 86_400.0


class Silences:
    """``since_ns``: by channel and symbol, when a silent stream was last heard (UTC ns).

    ``now`` is in seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self.since_ns: dict[tuple[str, str], int] = {}
        self._next: dict[tuple[str, str], tuple[float, float]] = {}  # not before, and the pause after it
        self._replaced_at = float("-inf")

    def may_ask(self, stream: tuple[str, str], now: float) -> bool:
        """Whether a stream may be asked for anew now; if so, it counts as asked for."""
        not_before, pause = self._next.get(stream, (now, FIRST_PAUSE_SECONDS))
        if now < not_before:
            return False
        self._next[stream] = now + pause, min(2 * pause, LONGEST_PAUSE_SECONDS)
        return True

    def may_replace(self, now: float) -> bool:
        """Whether a connection may be replaced for a silent stream now; if so, it counts as replaced."""
        if now - self._replaced_at < FIRST_PAUSE_SECONDS:
            return False
        self._replaced_at = now
        return True

    def __str__(self) -> str:
        """The streams, for people: in one line, the first few by name."""
        names = sorted(f"{channel} {symbol}".strip() for channel, symbol in self.since_ns)
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
