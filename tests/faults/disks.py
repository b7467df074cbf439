"""Small real file systems that fill up, run out of inodes, or whose medium fails under them."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

__all__ = ["Disk", "a_disk", "a_medium", "resize"]

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_NOTHING_MORE = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH


class Disk:
    """An ext4 file system in a file, mounted at ``folder``."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.folder))

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], capture_output=True, check=False)
        if self.folder.is_mount():
            subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)

    def fill(self, leave: int) -> Path:
        """Take all room but ``leave`` bytes; the file to remove for it to be free again."""
        ballast = self.folder / "ballast"
        numbers = os.statvfs(self.folder)
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(4096, numbers.f_bavail * numbers.f_frsize - leave))
        return ballast

    def use_up_inodes(self, leave: int) -> Path:
        """Take all inodes but so many; the folder to remove for them to be free again."""
        folder = self.folder / "small"
        folder.mkdir()
        for number in range(os.statvfs(self.folder).f_favail - leave):
            try:
                (folder / str(number)).touch()
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                break  # whoever records here took one meanwhile
        return folder

    def cut_power(self) -> None:
        """What was not made durable is gone; nothing works here until it is mounted anew."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NOTHING_MORE))
        finally:
            os.close(descriptor)

    def remount(self, *options: str) -> None:
        _run("mount", "-o", ",".join(("remount", *options)), str(self.folder))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Whatever writes here waits until the block ends."""
        _run("fsfreeze", "--freeze", str(self.folder))
        try:
            yield
        finally:
            subprocess.run(["fsfreeze", "--unfreeze", str(self.folder)], check=True)


@contextmanager
def a_disk(directory: Path, megabytes: int, *options: str) -> Iterator[Disk]:
    """A file system of this size; ``options`` go to mkfs. Skips the test without the right to mount."""
    image, folder = directory / "disk.img", directory / "disk"
    folder.mkdir()
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    _run("mkfs.ext4", "-q", "-m", "0", *options, str(image))
    disk = Disk(image, folder)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


@contextmanager
def a_medium(directory: Path, megabytes: int) -> Iterator[Path]:
    """A folder in memory of this size: an image in it that grows beyond fails as a dying medium does.

    `resize` gives it room again.
    """
    folder = directory / "medium"
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "--lazy", folder], check=True)


def resize(medium: Path, megabytes: int) -> None:
    """Give the medium so much room."""
    _run("mount", "-o", f"remount,size={megabytes}m", str(medium))


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"needs {command[0]}")
    if done.returncode != 0:
        pytest.skip(f"needs the right to {' '.join(command[:3])}: {done.stderr.strip()}")
