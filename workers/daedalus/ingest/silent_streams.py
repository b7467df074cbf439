"""Streams that fell silent while their channel goes on: since when, and when to ask for one anew.

A stream may only be quiet, so the pauses between two attempts grow. Where only a new connection helps, all
silent streams together get one at most every ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["SilentStreams"]

FIRST_PAUSE_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 86_400.0


class SilentStreams:
    """The silent streams of one exchange, as (channel, symbol). ``now``: seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._since_ns: dict[tuple[str, str], int] = {}
        self._next: dict[tuple[str, str], tuple[float, float]] = {}  # not before, and the pause after it
        self._replaced_at = float("-inf")

    def __len__(self) -> int:
        return len(self._since_ns)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._since_ns)

    def __contains__(self, stream: tuple[str, str]) -> bool:
        return stream in self._since_ns

    def __str__(self) -> str:
        """The streams in one line for people, the first five by name."""
        names = sorted(f"{channel} {symbol}".strip() for channel, symbol in self._since_ns)
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

    def add(self, stream: tuple[str, str], heard_ns: int) -> None:
        """No connection brings the stream since ``heard_ns`` (UTC ns)."""
        self._since_ns[stream] = heard_ns

    def discard(self, stream: tuple[str, str]) -> bool:
        """The stream is heard again; whether it was silent."""
        return self._since_ns.pop(stream, None) is not None

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
