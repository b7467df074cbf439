"""What can be wrong with a worker, as its status and its process tell."""

from __future__ import annotations

from typing import Literal

from .finding import Finding, bad, ok, warn

__all__ = ["Condition", "life", "log_of", "unit_of", "unrecorded"]

Condition = Literal[
    "running", "blocked", "stopped", "killed", "power cut", "silent", "unreadable", "not started"
]
"""What is true of a worker now.

``blocked``: it cannot go on for now. ``stopped``: it ended in good order. ``killed``: its process is gone.
``power cut``: the machine was started since. ``silent``: its process lives and says nothing.
``unreadable``: its status file is damaged. ``not started``: it has no status file.
"""


def unit_of(worker: str) -> str:
    """What systemd calls a worker: ``daedalus-ingest@binance.service``, ``daedalus-sync.service``."""
    kind, dash, exchange = worker.partition("-")
    return f"daedalus-{kind}@{exchange}.service" if dash else f"daedalus-{worker}.service"


def log_of(worker: str, *, service: bool) -> str:
    """Where the end of a worker's log is found."""
    return f"journalctl -u {unit_of(worker)} -e" if service else f"logs/{worker}.log in data_dir"


def life(worker: str, state: Condition, note: str = "", pid: int | None = None, *, service: bool) -> Finding:
    """Whether a worker is alive and at work. ``state`` and ``note``: as `daedalus status` has them.

    ``service``: it is a unit of systemd.
    """
    start, log = "daedalus start" if service else "daedalus run", log_of(worker, service=service)
    match state:
        case "running":
            return ok(worker, note or "running")
        case "blocked":
            found = f"{worker} cannot go on: {note}"
            return bad(worker, found, "It goes on by itself once this is put right.")
        case "stopped":
            return warn(worker, f"{worker} is stopped", f"Start it: {start}. Then see the end of its log.")
        case "not started":
            return warn(
                worker,
                f"{worker} is configured and has never been started here",
                f"Start it: {start}. Then see the end of its log.",
            )
        case "silent":
            who = f"{worker} (process {pid})" if pid is not None else worker
            found = f"{who} has stopped working: it lives, but says nothing any more"
            return bad(worker, found, f"Restart it, and see why: {log}")
        case "unreadable":
            return bad(worker, f"what {worker} does is not known: {note}", f"See also: {log}")
        case "killed" | "power cut":
            found = f"{worker} has ended and was not started again ({state})"
            return bad(worker, found, f"Start it: {start}. See why: {log}")


def unrecorded(worker: str, note: str) -> Finding:
    """Streams are configured and bring nothing; ``note`` names them."""
    return warn(
        worker,
        f"{worker} does not record all that is configured: {note}",
        "Does the exchange still have them? Correct their names, or wait.",
    )
