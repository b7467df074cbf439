"""What became of the recorder that ran before: the cause of the hole that this start ends."""

from __future__ import annotations

from ..store.status import Status
from .session import Start
from .wire import LATEST_SECONDS

__all__ = ["start_after"]

_HELD_NS = int(LATEST_SECONDS * 1e9)
"""What was received so shortly before the last row or the last fsync may not have reached the writer."""


def start_after(last: Status | None, newest_ns: int | None, boot_id: str) -> Start:
    """Why nothing was recorded until now, and until when (UTC ns) all of it certainly was.

    ``last`` is the status that the recorder before left behind; ``newest_ns`` the time of the newest
    row that was recovered from its active files, None where it left none.
    """
    if last is None:
        return Start("start") if newest_ns is None else Start("crash", newest_ns - _HELD_NS)
    if last.state == "stopped":
        # Its own closing rows say until when each stream was served.
        return Start("restart")
    durable_ns = int(last.figures.get("durable_ns", 0))
    newest_ns = max(durable_ns, newest_ns or 0)
    cause = "crash" if last.boot_id == boot_id else "power"
    return Start(cause, newest_ns - _HELD_NS if newest_ns else None)
