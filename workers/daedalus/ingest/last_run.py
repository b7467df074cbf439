"""What one run of the recorder leaves for the next: until when it kept everything, and how it ended.

The status file carries it: a crash leaves nothing else. A flush makes durable what the writer had by then.
A message may still wait in its connection at that moment, and a dead link brings nothing while it counts as
open: so a flush vouches only for the time up to which every open connection had handed over what it read.
"""

from __future__ import annotations

from collections import deque

from ..worker.status import IngestStatus
from .coverage import Start

__all__ = ["KeptUntil", "start_after"]

_MARKS = 16


class KeptUntil:
    """Until when everything that was received is on the disk. All times are UTC ns.

    ``since_ns``: the same of the run before, 0 where it is not known.
    """

    def __init__(self, since_ns: int = 0) -> None:
        self._until_ns = since_ns
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MARKS)

    def mark(self, now_ns: int, heard_ns: int) -> None:
        """The writer has now been given everything that was received until ``heard_ns``."""
        self._marks.append((now_ns, min(heard_ns, now_ns)))

    def until(self, flushed_ns: int) -> int:
        """Until when everything is on the disk, given the time of the last flush; 0: not known."""
        while self._marks and self._marks[0][0] <= flushed_ns:
            self._until_ns = self._marks.popleft()[1]
        return self._until_ns


def start_after(last: IngestStatus | None, boot_id: str, *, left: bool) -> Start:
    """Why nothing was recorded until now, and until when (UTC ns) everything certainly was.

    ``last`` is the status that the run before left, ``left`` whether it left active files. The newest row of
    those files proves nothing: it is of a busy stream, and a quiet one may lack older messages. The ledger
    knows the last row of each stream.
    """
    if last is None:
        return Start("crash") if left else Start("start")
    if last.state == "stopped":
        # Its closing rows say until when each stream was served.
        return Start("restart")
    # Before its first flush a run has kept nothing: the gap begins with its first served stream.
    since_ns = last.kept_ns or last.served_ns
    return Start("crash" if last.process.boot_id == boot_id else "power", since_ns or None)
