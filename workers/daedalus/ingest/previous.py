"""What became of the recorder that ran before: the cause of the hole that this start ends."""

from __future__ import annotations

from ..store.status import Status
from .session import Start

__all__ = ["start_after"]


def start_after(last: Status | None, newest_ns: int | None, boot_id: str) -> Start:
    """Why nothing was recorded until now, and until when (UTC ns) it was.

    ``last`` is the status that the recorder before left behind; ``newest_ns`` the time of the newest
    row that was recovered from its active files, None where it left none.
    """
    if last is None:
        return Start("start") if newest_ns is None else Start("crash", newest_ns)
    if last.state == "stopped":
        # Its own closing rows say until when each stream was served.
        return Start("restart")
    durable_ns = int(last.figures.get("durable_ns", 0))
    since_ns = max(durable_ns, newest_ns or 0) or None
    return Start("crash" if last.boot_id == boot_id else "power", since_ns)
