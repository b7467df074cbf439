"""The kernel's own messages, and those among them that tell of a card or disk that dies.

Its ring buffer (/dev/kmsg) is not for services; the journal has the same lines, for the group
systemd-journal. Where there is no journal, dmesg is asked, which some systems leave to root.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

__all__ = ["KernelLines", "of_dying_disks", "read_kernel_log"]

SECONDS = 15.0

_DYING = re.compile(
    r"mmc\d.*(error|timeout|timed out)|I/O error|critical (medium|target) error|EXT4-fs (error|warning).*"
    r"|(JBD2|F2FS-fs|BTRFS|XFS)\b.*(error|corrupt|shut(ting)? ?down)|Aborting journal|rejecting I/O"
    r"|nvme\d.*(timeout|failed)|ata\d.*(failed command|exception Emask)|Remounting filesystem read-only",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"\bloop\d+")
_STAMP = re.compile(r"\[\s*(\d+\.\d+)\]")
_CURSOR = "-- cursor: "


class KernelLines(Struct, frozen=True):
    """Lines in their order, and the place where the next ones will begin."""

    lines: tuple[str, ...]
    cursor: str


def read_kernel_log(after: str = "") -> KernelLines | None:
    """The kernel's lines of this boot behind the cursor ``after`` ("": all of them).

    None where this user may not read them. A cursor of another boot, or one that was forgotten, is as none.
    """
    journal = ["journalctl", "-k", "-b", "-q", "--no-pager", "-o", "cat", "--show-cursor"]
    place = [f"--after-cursor={after}"] if after and not _is_stamp(after) else []
    text = _output(*journal, *place)
    if text is None and place:
        text = _output(*journal)
    elif text == "" and place:
        return KernelLines((), after)  # nothing new
    if text:
        *lines, last = text.splitlines()
        if last.startswith(_CURSOR):
            return KernelLines(tuple(lines), last.removeprefix(_CURSOR))
    ring = _output("dmesg")
    return None if not ring else _behind(ring.splitlines(), after)


def of_dying_disks(lines: Iterable[str], device: str = "") -> list[str]:
    """Those of the kernel's lines that tell of a card, disk or file system that fails.

    An image that somebody mounted is no disk of the machine, unless it is ``device``, which our data lie on.
    """
    ours = PurePosixPath(device).name
    return [line for line in lines if _DYING.search(line) and set(_IMAGE.findall(line)) <= {ours}]


def _behind(lines: list[str], after: str) -> KernelLines:
    stamps = [(float(found[1]) if (found := _STAMP.match(line)) else 0.0) for line in lines]
    newest = max(stamps, default=0.0)
    known = float(after) if _is_stamp(after) and float(after) <= newest else -1.0
    new = tuple(line for line, stamp in zip(lines, stamps, strict=True) if stamp > known)
    return KernelLines(new, f"{newest:.6f}")


def _is_stamp(cursor: str) -> bool:
    return re.fullmatch(r"\d+\.\d+", cursor) is not None


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - our own command lines
            command, capture_output=True, timeout=SECONDS, check=False, text=True, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
