"""How the last run of the recorder ended: the cause of the gap that this start ends."""

from __future__ import annotations

from ..store.status import Status
from .service import Start

__all__ = ["start_after"]


def start_after(last: Status | None, boot_id: str, *, left: bool) -> Start:
    """Why nothing was recorded until now, and until when (UTC ns) all of it certainly was.

    ``last`` is the status that the recorder before left behind, ``left`` whether it left active files.
    How far those go says nothing here: a busy stream's last row is newer than what is there of a quiet
    one, and each stream's own last row is known to the ledger.
    """
    if last is None:
        return Start("crash") if left else Start("start")
    if last.state == "stopped":
        # Its own closing rows say until when each stream was served.
        return Start("restart")
    # One that died before its first flush kept nothing of what it was served.
    since_ns = int(last.figures.get("kept_ns", 0)) or int(last.figures.get("served_ns", 0))
    return Start("crash" if last.boot_id == boot_id else "power", since_ns or None)
