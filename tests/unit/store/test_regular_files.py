"""Only regular files are opened, whatever stands under a file's name."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from daedalus.store.regular_files import NoRegularFileError, create, is_regular, open_descriptor, open_regular

pytestmark = pytest.mark.timeout(30)


def a_socket(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.bind(str(path))


def a_link(path: Path) -> None:
    path.with_name("elsewhere").write_bytes(b"precious")
    path.symlink_to(path.with_name("elsewhere"))


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a socket": a_socket,
    "a directory": Path.mkdir,
    "a symbolic link": a_link,
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_regular_file_is_refused_at_once_and_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    ODD[kind](path)
    with pytest.raises(NoRegularFileError, match=f"{kind} stands where a file is expected") as caught:
        open_regular(path)
    assert caught.value.filename == str(path)
    assert not is_regular(path)


def test_a_device_is_refused() -> None:
    with pytest.raises(NoRegularFileError, match="a device"):
        open_regular(Path("/dev/zero"))


def test_a_regular_file_is_read_and_a_missing_one_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with open_regular(path) as file:
        assert file.read() == b"content"
    assert is_regular(path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
    assert not is_regular(tmp_path / "none")


def test_a_link_is_followed_where_it_may_be_and_still_leads_to_a_file_alone(tmp_path: Path) -> None:
    a_link(tmp_path / "link")
    with open_regular(tmp_path / "link", follow=True) as file:
        assert file.read() == b"precious"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to pipe").symlink_to(tmp_path / "pipe")
    with pytest.raises(NoRegularFileError, match="a pipe"):
        open_regular(tmp_path / "to pipe", follow=True)


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind != "a directory"])
def test_a_new_file_replaces_what_stood_there_and_writes_into_none_of_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    ODD[kind](path)
    with open(create(path, 0o640), "wb") as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.lstat().st_mode) & 0o137 == 0
    if kind == "a symbolic link":
        assert (tmp_path / "elsewhere").read_bytes() == b"precious"


def test_a_new_file_does_not_replace_a_directory(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(OSError, match="directory"):
        create(tmp_path / "directory", 0o640)


def test_a_descriptor_that_was_refused_is_closed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(NoRegularFileError):
            open_descriptor(tmp_path / "pipe")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
