"""Which files a folder has, and what in it cannot be looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.lake_workbench import Recording, audited, files

from daedalus.lake.books import NoBookError, book_at
from daedalus.lake.local import local_files
from daedalus.lake.merge import merge
from daedalus.lake.source import open_lake
from daedalus.sync import SyncSettings, TargetError


def found(root: Path) -> dict[str, str]:
    return {str(Path(each.path).relative_to(root)): each.trouble for each in local_files(str(root))}


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


def test_a_pipe_in_a_lake_is_a_finding(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.trades(range(10))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    path.unlink()
    os.mkfifo(path)
    (finding,) = (each for each in audited(lake).findings if each.kind == "unreadable")
    assert (Path(finding.where).name, finding.text) == (path.name, "no plain file")
    with pytest.raises(NoBookError, match="no plain file"):
        book_at(lake, "binance", "A", "2026-09-22T00:00:20")
    with pytest.raises(TargetError, match="no plain file"):
        merge(open_lake(SyncSettings(target=str(lake))), open_lake(SyncSettings(target=str(lake))), None)  # type: ignore[arg-type]


def test_a_lake_without_tables_is_not_merged(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.trades(range(10))
    (tmp_path / "empty").mkdir()
    lakes = [open_lake(SyncSettings(target=str(each))) for each in (recording.seal(), tmp_path / "empty")]
    with pytest.raises(TargetError, match="no file of a table is there"):
        merge(*lakes, None)  # type: ignore[arg-type]
