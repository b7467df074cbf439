"""The disk: room, the state it is mounted in, what the kernel says of it, and whether logs survive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..health import low_space
from ..host import Mount, WriteTrouble, Writing, of_dying_disks
from ..units import bytes_text
from .finding import Finding, bad, ok, warn

__all__ = ["card_errors", "journal", "mounted", "mounted_for_writing", "readable", "space"]


def space(free: int | None, total: int | None, min_free: int) -> Finding:
    """Room on the disk of data_dir, measured by the floor at which recording waits."""
    check = "disk space"
    if free is None or total is None:
        return bad(check, "this user may not look at data_dir", "Run as the workers' user, or as root.")
    text = f"{bytes_text(free)} of {bytes_text(total)} free"
    remedy = (
        "Is the store reachable? Only what is uploaded is deleted. Lower sync.retention.max_disk_mb, "
        "or delete what else lies on this disk."
    )
    if free < min_free:
        return bad(check, f"{text}: below {bytes_text(min_free)} recording waits", remedy)
    if free < low_space(min_free):
        return warn(check, f"{text}; below {bytes_text(min_free)} recording waits", remedy)
    return ok(check, text)


def mounted_for_writing(name: str, mount: Mount | None, tried: Writing | None = None) -> Finding:
    """Whether a file system can be written. A card that dies turns read-only by itself.

    ``tried``: what came of a write; None: none was made, and only the mount's word is known.
    """
    check = f"{name} is writable"
    remedy = "See journalctl -k -g 'mmc|I/O error'. Save what is not uploaded, then replace the card."
    where = f"{mount.source} on {mount.target}" if mount else ""
    if mount is not None and mount.read_only:
        return bad(check, f"{where} is mounted read-only", remedy)
    if tried is None:
        return ok(check, f"{where} is mounted for writing" if where else "this system does not tell")
    if tried.trouble is WriteTrouble.FULL:
        return bad(check, tried.found, "Delete what else lies on this disk, or let sync upload.")
    if tried.broken:
        return bad(check, tried.found, remedy)
    if tried.trouble is WriteTrouble.DENIED:
        return ok(check, f"{where} is mounted for writing; trying it is not for this user, but for root")
    return ok(check, f"{where}: a file was written and removed")


def card_errors(lines: Iterable[str] | None) -> Finding:
    """What the kernel's log says of cards and disks since boot."""
    check = "card and disk errors"
    if lines is None:
        return ok(check, "the kernel's log is not for this user; as root it is examined")
    found = of_dying_disks(lines)
    if not found:
        return ok(check, "none in the kernel's log")
    return bad(
        check,
        f"{len(found)} in the kernel's log, the last: {found[-1].strip()[:200]}",
        "Check cable and supply; if it goes on, replace the card: it is dying.",
    )


def mounted(reason: str) -> Finding:
    """Whether data_dir lies on the disk that it lay on before. ``reason``: why it does not, or ""."""
    check = "data_dir's disk"
    if not reason:
        return ok(check, "nothing says that it is away")
    problem, _, remedy = reason.partition(". ")
    return bad(check, problem, f"{remedy}.")


def readable(closed: Sequence[Path]) -> Finding:
    """Whether what waits can be read. ``closed``: what cannot, the first few."""
    check = "waiting files are readable"
    if not closed:
        return ok(check, "nothing is closed to this user")
    names = ", ".join(str(path) for path in closed)
    return bad(
        check,
        f"{names}: not for this user, so what waits there goes nowhere",
        "Give them to the workers' user: sudo chown -R daedalus:daedalus, where the appliance has it.",
    )


def journal(volatile: bool, persistent: bool) -> Finding:
    """Whether the log of a crash is still there after the reboot."""
    check = "journal"
    if volatile or not persistent:
        found = "the journal is kept in memory alone" if volatile else "there is no journal of systemd here"
        if not volatile:
            return ok(check, found)
        return warn(
            check,
            f"{found}: after a crash nothing tells why",
            "Write [Journal] Storage=persistent into /etc/systemd/journald.conf.d/90-daedalus.conf "
            "and run systemctl restart systemd-journald.",
        )
    return ok(check, "kept on disk")
