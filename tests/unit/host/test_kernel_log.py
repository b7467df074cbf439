"""The kernel's log is read once, and what tells of a dying disk is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.host import dying_disk_lines, read_kernel_log

JOURNAL = """#!/bin/sh
for word in "$@"; do case "$word" in --after-cursor=*) after="${word#--after-cursor=}" ;; esac; done
case "$after" in
    gone) exit 1 ;;
    s=2) exit 0 ;;
    s=1) echo second; echo "-- cursor: s=2" ;;
    *) echo first; echo second; echo "-- cursor: s=2" ;;
esac
"""
RING = """#!/bin/sh
echo "[    1.000000] first"
echo "[   12.500000] second"
"""


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def command(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def lines(after: str = "") -> tuple[tuple[str, ...], str] | None:
    found = read_kernel_log(after)
    return None if found is None else (found.lines, found.cursor)


def test_the_journal_is_read_on_from_where_it_was_left(commands: Path) -> None:
    command(commands, "journalctl", JOURNAL)
    assert lines() == (("first", "second"), "s=2")
    assert lines("s=1") == (("second",), "s=2")
    assert lines("s=2") == ((), "s=2")
    assert lines("gone") == (("first", "second"), "s=2")


def test_without_a_journal_the_ring_buffer_is_read_on_from_its_own_times(commands: Path) -> None:
    command(commands, "dmesg", RING)
    found = lines()
    assert found is not None
    assert len(found[0]) == 2
    assert lines(found[1]) == ((), found[1])
    assert lines("1.000000") == (("[   12.500000] second",), "12.500000")
    assert lines("99.0") == found  # of another boot


def test_where_nobody_may_read_it_nothing_is_known(commands: Path) -> None:
    command(commands, "dmesg", "#!/bin/sh\nexit 1\n")
    assert lines() is None
    (commands / "dmesg").unlink()
    assert lines("s=1") is None


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        ("mmc0: Timeout waiting for hardware interrupt.", True),
        ("blk_update_request: I/O error, dev mmcblk0, sector 7", True),
        ("EXT4-fs error (device mmcblk0p2): ext4_find_entry:1455: inode #2", True),
        ("Aborting journal on device mmcblk0p2-8.", True),
        ("sd 0:0:0:0: rejecting I/O to offline device", True),
        ("F2FS-fs (mmcblk0p2): inconsistent node block, corrupt", True),
        ("nvme0: I/O 12 QID 3 timeout, aborting", True),
        (
            "EXT4-fs warning (device mmcblk1p1): ext4_end_bio:348: I/O error 10 writing to inode 29547 "
            "starting block 176466)",
            True,
        ),
        (
            "EXT4-fs warning (device mmcblk1p1): ext4_dx_find_entry:1602: inode #5668: lblock 1: "
            "comm plymouth: error -5 reading directory block",
            True,
        ),
        (
            "EXT4-fs warning (device sda1): ext4_clear_journal_err:4531: "
            "Filesystem error recorded from previous mount: IO failure",
            True,
        ),
        (
            "EXT4-fs warning (device sda1): dx_probe:865: Corrupt directory, running e2fsck is recommended",
            True,
        ),
        ("EXT4-fs (mmcblk0p2): Remounting filesystem read-only", True),
        ("mmcblk0: error -110 sending stop command, original cmd response 0x900, card status 0x900", True),
        ("mmcblk1: recovery failed!", True),
        (
            "EXT4-fs warning (device nvme1n1p1): ext4_convert_unwritten_extents_endio:3743: Inode (82984794) "
            "finished: extent logical block 2240, len 32000; IO logical block 2240, len 2048",
            False,
        ),
        (
            "EXT4-fs warning (device mmcblk0p9): reserve_backup_gdb:968: "
            "reserved block 192 not at offset 191",
            False,
        ),
        (
            "EXT4-fs warning (device mmcblk0p41): ext4_resize_fs:2051: "
            "error (-22) occurred during file system resize",
            False,
        ),
        ("EXT4-fs warning (device sda1): ext4_dx_add_entry:2516: Directory index full!", False),
        ("EXT4-fs (mmcblk0p2): 3 orphan inodes deleted", False),
        ("EXT4-fs (mmcblk0p2): recovery complete", False),
        ("EXT4-fs (mmcblk0p2): re-mounted. Opts: errors=remount-ro", False),
        ("EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode", False),
        ("mmc0: new high speed SDXC card at address aaaa", False),
        ("usb 1-1: new high-speed USB device", False),
    ],
)
def test_what_the_kernel_says_of_a_dying_disk_is_known(line: str, tells: bool) -> None:
    assert dying_disk_lines([line]) == [line] * tells


def test_an_image_that_somebody_mounted_is_no_disk_of_the_machine() -> None:
    line = "EXT4-fs (loop0): Remounting filesystem read-only"
    assert dying_disk_lines([line]) == []
    assert dying_disk_lines([line], "/dev/loop1") == []
    assert dying_disk_lines([line], "/dev/loop0") == [line]
