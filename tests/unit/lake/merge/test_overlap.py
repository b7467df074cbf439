"""A merge never writes into what it reads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from daedalus.lake.merge import refuse_overlap
from daedalus.storage import StorageSettings, TargetError, TargetErrorKind


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "lake"
    (folder / "trades").mkdir(parents=True)
    return folder


def refused(source: str | Path, out: str | Path, **more: str) -> bool:
    try:
        refuse_overlap(
            [StorageSettings(target=str(source), **more)], StorageSettings(target=str(out), **more)
        )
    except TargetError as error:
        return error.kind is TargetErrorKind.SETTINGS
    return False


def test_a_place_beside_a_source_is_apart(source: Path, tmp_path: Path) -> None:
    assert not refused(source, tmp_path / "out")
    assert not refused(source, source.with_name("lake2"))
    (tmp_path / "out").mkdir()
    assert not refused(source, tmp_path / "out")


def test_a_source_itself_is_refused_however_it_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(source)
    for out in (source, f"{source}/", f"file://{source}", "data/lake", "data/../data/lake", "link", "link/x"):
        assert refused(source, out), out


def test_what_lies_inside_of_a_source_or_around_it_is_refused(source: Path, tmp_path: Path) -> None:
    for out in (source / "trades", source / "new" / "deep", source.parent, tmp_path):
        assert refused(source, out), out


def test_a_table_that_is_a_link_into_the_other_is_refused(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "trades").symlink_to(source / "trades")
    assert refused(source, out)
    (tmp_path / "elsewhere").mkdir()
    (source / "quotes").symlink_to(tmp_path / "elsewhere")
    assert refused(source, tmp_path / "elsewhere")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_folder_under_another_mount_is_known_by_what_it_is(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "bound"
    out.mkdir()
    mounted = subprocess.run(["mount", "--bind", str(source), str(out)], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine mounts nothing")
    try:
        assert refused(source, out)
    finally:
        subprocess.run(["umount", str(out)], check=True)


def test_places_in_stores_are_compared_by_folder(source: Path) -> None:
    assert refused("s3://bucket/a", "s3://bucket/a/")
    assert refused("s3://bucket/a", "s3a://bucket/a/b")
    assert refused("s3://bucket/a/b", "s3://bucket")
    assert not refused("s3://bucket/a", "s3://bucket/ab")
    assert not refused("s3://bucket/a", source)
    assert not refused(source, "s3://bucket/a")
