"""The disk: whether it is mounted, takes writes, reports errors, and keeps logs over a reboot."""

from __future__ import annotations

from collections.abc import Iterable

from ..health import machine
from ..health.finding import Finding, bad, ok, warn
from ..host import Mount, WriteTrouble, Writing, dying_disk_lines

__all__ = ["card_errors", "journal", "mounted", "mounted_for_writing"]


def mounted_for_writing(name: str, mount: Mount | None, tried: Writing | None = None) -> Finding:
    """Whether a file system can be written. A dying card turns read-only by itself.

    ``tried``: the outcome of a write; None: none was tried, so only the mount options are known.
    """
    check = f"{name} is writable"
    where = f"{mount.source} on {mount.target}" if mount else ""
    if mount is not None and mount.read_only:
        return machine.read_only(name, f"{where} is read-only")
    if tried is None:
        return ok(check, f"{where} is mounted for writing" if where else "this system does not tell")
    if tried.read_only:
        return machine.read_only(name, tried.found)
    if tried.trouble is WriteTrouble.FULL:
        return bad(check, tried.found, "Delete what else lies on this disk, or let sync upload.")
    if tried.broken:
        return bad(check, tried.found, machine.REPLACE_CARD)
    if tried.trouble is WriteTrouble.DENIED:
        return ok(check, f"{where} is mounted for writing; this user may not try it")
    return ok(check, f"{where}: a file was written and removed")


def card_errors(lines: Iterable[str] | None) -> Finding:
    """What the kernel's log says about cards and disks since boot."""
    if lines is None:
        return ok("card and disk errors", "this user may not read the kernel's log; run as root")
    return machine.card_errors(dying_disk_lines(lines))


def mounted(reason: str) -> Finding:
    """Whether data_dir lies on the same disk as before. ``reason``: why it does not, or ""."""
    check = "data_dir's disk"
    if not reason:
        return ok(check, "nothing shows that it is missing")
    problem, _, remedy = reason.partition(". ")
    return bad(check, problem, f"{remedy}.")


def journal(volatile: bool, persistent: bool) -> Finding:
    """Whether logs survive a reboot."""
    check = "journal"
    if volatile:
        return warn(
            check,
            "the journal is kept in memory alone, so nothing tells why a machine crashed",
            "Write [Journal] Storage=persistent into /etc/systemd/journald.conf.d/90-daedalus.conf "
            "and run systemctl restart systemd-journald.",
        )
    return ok(check, "kept on disk" if persistent else "there is no journal of systemd")
