from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from daedalus.store.disk import WriteBlockedError, explain, free_bytes, require_free


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left on"),
        (errno.EDQUOT, "no space left on"),
        (errno.EROFS, "mounted read-only"),
        (errno.EIO, "the disk failed at"),
        (errno.EACCES, "may not write"),
        (errno.ENAMETOOLONG, "File name too long"),
    ],
)
def test_an_error_is_explained_in_plain_words(tmp_path: Path, number: int, words: str) -> None:
    assert words in explain(OSError(number, os.strerror(number), str(tmp_path / "file")), tmp_path)


def test_free_space_of_a_directory_that_is_gone_is_unknown(tmp_path: Path) -> None:
    assert "an unknown amount free" in explain(OSError(errno.ENOSPC, "No space left"), tmp_path / "gone")


def test_the_floor_of_free_space_holds(tmp_path: Path) -> None:
    require_free(tmp_path, free_bytes(tmp_path) // 2)
    with pytest.raises(
        WriteBlockedError, match=f"little space left on {tmp_path}: .* MB free, .* MB must stay free"
    ):
        require_free(tmp_path, 2**62)
