"""Whether a directory takes a write, on real disks that die, fill up and hang."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.disks import Disk, a_disk

from daedalus.host import WriteTrouble, Writing, try_writing


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with a_disk(tmp_path, 16) as disk:
        yield disk


@pytest.fixture
def nothing_told(tmp_path: Path) -> Path:
    """The root of a machine whose mounts say nothing."""
    return tmp_path / "nothing"


def test_a_directory_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert try_writing([tmp_path]) == Writing()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    assert try_writing([tmp_path / "nowhere"]) == Writing()
    assert list(tmp_path.iterdir()) == []


DEATHS: dict[str, tuple[Callable[[Disk], None], WriteTrouble]] = {
    "by errors=remount-ro": (lambda disk: disk.remount("abort"), WriteTrouble.READ_ONLY),
    "by hand": (lambda disk: disk.remount("ro"), WriteTrouble.READ_ONLY),
    "by its medium": (lambda disk: disk.cut_power(), WriteTrouble.FAILS),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_disk_that_died_is_told_by_a_write_even_where_no_mount_says_it(
    disk: Disk, nothing_told: Path, death: str
) -> None:
    die, expected = DEATHS[death]
    die(disk)
    seen = try_writing([disk.folder], nothing_told)
    assert (seen.trouble, seen.broken) == (expected, True)
    assert str(disk.folder) in seen.found


def test_a_disk_that_turned_read_only_by_itself_is_told_without_a_write_where_the_mount_says_it(
    disk: Disk,
) -> None:
    disk.remount("abort")
    told = try_writing([disk.folder], probe=False)
    if "emergency_ro" not in Path("/proc/self/mounts").read_text():
        pytest.skip("this kernel says nothing of it in the mounts")
    assert told.trouble is WriteTrouble.READ_ONLY
    assert f"/dev/loop{told.found.removeprefix('/dev/loop')}" == told.found


def test_a_full_disk_is_told_apart_from_a_dead_one(disk: Disk) -> None:
    disk.fill(leave=0)
    assert try_writing([disk.folder]).trouble is WriteTrouble.FULL


def test_a_disk_that_hangs_holds_nobody_up_and_is_asked_once(disk: Disk, nothing_told: Path) -> None:
    with disk.frozen():
        began = time.monotonic()
        assert try_writing([disk.folder], nothing_told, seconds=0.3).trouble is WriteTrouble.HANGS
        again = time.monotonic()
        assert try_writing([disk.folder], nothing_told, seconds=60).trouble is WriteTrouble.HANGS
        assert time.monotonic() - again < 30
        assert again - began < 30
    until = time.monotonic() + 30
    while try_writing([disk.folder], nothing_told, seconds=5) != Writing():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_worst_of_several_disks_counts(disk: Disk, tmp_path: Path) -> None:
    disk.remount("ro")
    assert try_writing([tmp_path, disk.folder, tmp_path / "nowhere"]).read_only


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_is_not_for_this_user_is_not_broken(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    seen = try_writing([tmp_path])
    tmp_path.chmod(0o700)
    assert (seen.trouble, seen.broken) == (WriteTrouble.DENIED, False)
