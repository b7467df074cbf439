"""Which streams of an exchange are served now, by how many connections, and which none serves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct

from ..exchanges.model import Subscription
from ..store.notes import Cause
from .silent_streams import SilentStreams

__all__ = ["Coverage", "Start", "Stream"]

Stream = tuple[str, str]
"""Channel and symbol; of one stream for all symbols the symbol is empty."""


class Start(Struct, frozen=True):
    """Why streams were not recorded until now, and until when (UTC ns) they were; None: not known."""

    cause: Cause
    since_ns: int | None = None


class Coverage:
    """All connections of one exchange tell it what they serve. Times are UTC ns.

    ``on_outage`` is called at the end of an outage: with the stream, when its last message came, and when it
    is served again.
    """

    def __init__(self, on_outage: Callable[[Subscription, int, int], None]) -> None:
        self.silent = SilentStreams()
        self.first_served_ns = 0
        """When the first stream was proved to be served; 0: none was."""
        self.status_due = asyncio.Event()
        """Set when the status should be written at once."""
        self._on_outage = on_outage
        self._connections: Counter[Stream] = Counter()
        self._unserved_since_ns: dict[Stream, int] = {}
        self._unasked: set[Stream] = set()

    def connections(self, stream: Stream) -> int:
        """By how many connections a stream is served now."""
        return self._connections[stream]

    @property
    def all_asked(self) -> bool:
        """Whether every stream that is to be recorded was asked for on some connection."""
        return not self._unasked

    def expect(self, streams: Iterable[Subscription]) -> None:
        """These streams are to be recorded."""
        self._unasked |= {(each.channel, each.symbol) for each in streams}

    def asked(self, stream: Stream) -> None:
        """A connection has asked for a stream."""
        self._unasked.discard(stream)

    def serves(self, stream: Stream, at_ns: int) -> None:
        """One more connection is proved to serve a stream."""
        was_silent = self.silent.discard(stream)
        if was_silent or not self.first_served_ns:
            self.first_served_ns = self.first_served_ns or at_ns
            self.status_due.set()
        self._connections[stream] += 1
        since_ns = self._unserved_since_ns.pop(stream, None)
        if since_ns is not None:
            self._on_outage(Subscription(*stream), since_ns, at_ns)

    def serves_no_more(self, stream: Stream, heard_ns: int) -> None:
        """One connection less serves a stream; it heard its last message at ``heard_ns``."""
        self._connections[stream] -= 1
        if not self._connections[stream]:
            self._unserved_since_ns[stream] = heard_ns

    def fell_silent(self, stream: Stream, heard_ns: int) -> None:
        """A connection brings nothing of this stream since ``heard_ns``, while the others go on."""
        self.serves_no_more(stream, heard_ns)
        if not self._connections[stream]:
            self.silent.add(stream, heard_ns)
            self.status_due.set()
