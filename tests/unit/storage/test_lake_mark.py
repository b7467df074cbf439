"""The mark of a lake: one for all who come, and never taken for one that it is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from daedalus.storage import TargetError
from daedalus.storage.lake_mark import MARK, MarkFile


def mark_of(root: Path) -> MarkFile:
    return MarkFile(root, f"file://{root}")


def the_id(mark: MarkFile) -> str:
    there = mark.read()
    assert there is not None
    return there.id


def test_there_is_none_before_it_is_made(tmp_path: Path) -> None:
    assert mark_of(tmp_path / "lake").read() is None


def test_of_many_who_make_one_at_once_all_read_the_same(tmp_path: Path) -> None:
    def made(_: int) -> str:
        mark = mark_of(tmp_path / "lake")
        mark.create()
        return the_id(mark)

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(made, range(32)))
    assert len(ids) == 1
    assert [path.name for path in (tmp_path / "lake").iterdir()] == [MARK]


def test_one_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    mark = mark_of(tmp_path)
    mark.create()
    first = the_id(mark)
    mark.create()
    assert the_id(mark) == first
    mark.create(replace=True)
    assert the_id(mark) != first


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b"[" * 70_000])
def test_what_is_no_mark_has_no_id(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MARK).write_bytes(content)
    assert the_id(mark_of(tmp_path)) == ""


def test_a_place_that_cannot_be_read_is_not_called_unmarked(tmp_path: Path) -> None:
    (tmp_path / MARK).mkdir()
    with pytest.raises(TargetError, match=MARK):
        mark_of(tmp_path).read()
