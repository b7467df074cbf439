"""Which files a folder has, and what in it cannot be looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daedalus.storage.local_reader import LocalReader


def found(root: Path) -> dict[str, str]:
    return {
        str(Path(each.path).relative_to(root)): each.trouble for each in LocalReader(root).find(str(root))
    }


def test_a_pipe_is_no_file_and_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "plain.parquet").write_bytes(b"x")
    assert found(tmp_path) == {"pipe.parquet": "no plain file", "plain.parquet": ""}


def test_a_link_that_leads_back_or_nowhere_does_not_go_round(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.parquet").write_bytes(b"x")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "gone.parquet").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == {"a/one.parquet": "", "gone.parquet": "a link that leads nowhere"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_listed_is_told(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0)
    assert found(tmp_path) == {"shut": "Permission denied"}
