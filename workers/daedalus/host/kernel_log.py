"""The kernel's log, and the lines in it about a dying card or disk.

Services may not read the ring buffer (/dev/kmsg). The journal has the same lines, for members of the group
systemd-journal. Without a journal dmesg is run, which some systems restrict to root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

from .reading import output_of

__all__ = ["KernelLines", "dying_disk_lines", "read_kernel_log"]

_DYING = re.compile(
    r"mmc\d.*(error|timeout|timed out)|mmcblk\d: .*(error|timed out|recovery failed)"
    r"|I/O error|critical (medium|target) error|EXT4-fs error"
    r"|EXT4-fs warning.*(error -(5|74|117)\b|corrupt|error recorded)"  # EIO, EBADMSG, EFSCORRUPTED
    r"|(JBD2|F2FS-fs|BTRFS|XFS)\b.*(error|corrupt|shut(ting)? ?down)|Aborting journal|rejecting I/O"
    r"|nvme\d.*(timeout|failed)|ata\d.*(failed command|exception Emask)|Remounting filesystem read-only",
    re.IGNORECASE,
)
"""ext4 also warns of extents, full directories and resizing, which is no failure of the disk."""
_IMAGE = re.compile(r"\bloop\d+")
_STAMP = re.compile(r"\[\s*(\d+\.\d+)\]")
_CURSOR = "-- cursor: "


class KernelLines(Struct, frozen=True):
    """Lines in order, and the cursor behind the last one."""

    lines: tuple[str, ...]
    cursor: str


def read_kernel_log(after: str = "") -> KernelLines | None:
    """The kernel's lines of this boot behind the cursor ``after`` (all of them for "" or an unknown cursor).

    None if this user may not read them.
    """
    journal = ["journalctl", "-k", "-b", "-q", "--no-pager", "-o", "cat", "--show-cursor"]
    place = [f"--after-cursor={after}"] if after and not _is_stamp(after) else []
    text = output_of(*journal, *place)
    if text is None and place:
        text = output_of(*journal)
    elif text == "" and place:
        return KernelLines((), after)  # nothing new
    if text:
        *lines, last = text.splitlines()
        if last.startswith(_CURSOR):
            return KernelLines(tuple(lines), last.removeprefix(_CURSOR))
    ring = output_of("dmesg")
    return None if not ring else _behind(ring.splitlines(), after)


def dying_disk_lines(lines: Iterable[str], device: str = "") -> list[str]:
    """The lines about a failing card, disk or file system.

    Lines about a mounted image are left out, unless it is ``device``, the one with our data.
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
