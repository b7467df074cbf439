"""What can be wrong with the machine: room, a dying disk, clock, heat, supply, memory."""

from __future__ import annotations

from collections.abc import Sequence

from ..units import bytes_text, counted
from .finding import Finding, bad, ok, warn
from .thresholds import HOT, OFFSET_SECONDS, WARM, low_space

__all__ = [
    "REPLACE_CARD",
    "card_errors",
    "clock",
    "oom_kills",
    "read_only",
    "readable",
    "space",
    "temperature",
    "throttled",
    "undervoltage",
]

REPLACE_CARD = "See: journalctl -k -g 'mmc|I/O error'. Save what is not uploaded, then replace the card."


def space(free: int | None, total: int | None, min_free: int) -> Finding:
    """Room on the disk of data_dir, in bytes. Below ``min_free`` recording waits."""
    check = "disk space"
    if free is None:
        return bad(check, "this user may not look at data_dir", "Run as the workers' user, or as root.")
    text = f"{bytes_text(free)} of disk are free"
    remedy = (
        "Let sync upload, lower sync.retention.max_disk_mb, or delete what else lies there. "
        "Files that are not uploaded are never deleted."
    )
    if free < min_free:
        return bad(check, f"{text}: below {bytes_text(min_free)} recording waits", remedy)
    if free < low_space(min_free):
        return warn(check, f"{text}, recording stops at {bytes_text(min_free)}", remedy)
    return ok(check, f"{bytes_text(free)} of {bytes_text(total or free)} free")


def read_only(name: str, why: str) -> Finding:
    """A file system has turned read-only by itself. ``why``: what the system says about it, with its name."""
    return bad(f"{name} is writable", f"{why}, which is how a card dies", REPLACE_CARD)


def card_errors(lines: Sequence[str]) -> Finding:
    """What the kernel says about dying cards and disks."""
    check = "card and disk errors"
    if not lines:
        return ok(check, "none in the kernel's log")
    return bad(
        check,
        f"a card or disk fails: {counted(len(lines), 'line', 'lines')} in the kernel's log, "
        f"the last: {lines[-1].strip()[:200]}",
        "Check cable and supply. If it goes on, save what is not uploaded and replace it.",
    )


def readable(closed: Sequence[object]) -> Finding:
    """Whether the workers' user can read what waits. ``closed``: the first few paths that it cannot."""
    check = "waiting files are readable"
    if not closed:
        return ok(check, "nothing is closed to this user")
    names = ", ".join(str(path) for path in closed)
    return bad(
        check,
        f"what waits in {names} goes nowhere, as this user may not read it",
        "Give it to the workers' user: sudo chown -R daedalus:daedalus, on the appliance.",
    )


def clock(synchronized: bool | None, offset_seconds: float | None) -> Finding:
    """Whether what is recorded gets the right times."""
    check = "clock"
    if synchronized is None:
        return warn(check, "nobody tells whether the clock is right", "Install systemd-timesyncd or chrony.")
    if not synchronized:
        return bad(
            check,
            "the clock is not synchronized, so the times of all that is recorded may be wrong",
            "See: timedatectl status. NTP needs UDP port 123, or a time server of your own.",
        )
    if offset_seconds is not None and abs(offset_seconds) > OFFSET_SECONDS:
        return warn(
            check,
            f"the clock is {offset_seconds:+.3f} s away from the time servers'",
            "Wait. If it stays, see: timedatectl.",
        )
    return ok(check, "synchronized")


def temperature(celsius: float | None) -> Finding:
    """Whether the processor keeps cool."""
    check = "temperature"
    if celsius is None:
        return ok(check, "no sensor")
    if celsius < WARM:
        return ok(check, f"{celsius:.0f} °C")
    found = f"the processor has {celsius:.0f} °C; a Pi slows down at {HOT:.0f} °C"
    return (bad if celsius >= HOT else warn)(check, found, "Give it air, or a heat sink.")


def undervoltage() -> Finding:
    """The supply does not hold."""
    return bad(
        "power supply",
        "the supply's voltage is too low, which corrupts cards",
        "Use the Pi's own supply and cable, and a powered hub for disks.",
    )


def throttled() -> Finding:
    """The processor is slowed down."""
    return bad(
        "power supply",
        "the processor is slowed down, by heat or a weak supply",
        "Give it air, or another supply.",
    )


def oom_kills(count: int | None, when: str = "") -> Finding:
    """Whether the kernel had to kill processes. ``when``: since when they are counted, in words."""
    check = "out of memory"
    if not count:
        return ok(check, f"no process was killed{when}" if count == 0 else "this kernel does not count")
    return warn(
        check,
        f"out of memory: the kernel killed {counted(count, 'process', 'processes')}{when}",
        "See which: journalctl -k -g 'Out of memory|oom-kill'. Then record fewer symbols, or lower "
        "writer.queue_maxsize.",
    )
