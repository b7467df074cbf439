from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from daedalus.store import make_directories, move, publish, write_atomic


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "new" / "file"
    for content in (b"one", b"two"):
        write_atomic(path, content, durable=durable)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]
    assert mode(path) == 0o640


def test_directories_are_made_for_owner_and_group_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_directories(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o750
    make_directories(tmp_path / "a" / "b")


def test_a_file_that_is_published_or_moved_leaves_its_old_name(tmp_path: Path) -> None:
    (tmp_path / "written").write_bytes(b"x")
    publish(tmp_path / "written", tmp_path / "a" / "final")
    move(tmp_path / "a" / "final", tmp_path / "b" / "final")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["final"]
    assert (tmp_path / "b" / "final").read_bytes() == b"x"
