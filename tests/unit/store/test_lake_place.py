"""Where the lake may lie beside the data directory, through links, dots and spellings."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.store.lake_place import clash, local_path

OWN = ["raw/ready", "raw/normalized/lake", "tables", "tables/ready", "tables/synced", "status", "logs/lake"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a link to it beside it."""
    for name in ("raw/ready", "tables/synced"):
        (tmp_path / "data" / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("data")
    return tmp_path / "data"


@pytest.mark.parametrize("place", ["data", "link", "data/../data", ".", ""])
def test_the_lake_is_neither_data_dir_nor_around_it(data: Path, tmp_path: Path, place: str) -> None:
    assert f"file://{data}/lake" in clash(data, f"file://{tmp_path}/{place}")


@pytest.mark.parametrize("place", OWN)
@pytest.mark.parametrize("root", ["data", "link", "link/../data", "data/lake/.."])
def test_the_lake_is_none_of_data_dirs_own_directories(
    data: Path, tmp_path: Path, root: str, place: str
) -> None:
    assert clash(data, f"file://{tmp_path}/{root}/{place}")
    assert clash(tmp_path / "link", f"local://{tmp_path}/{root}/{place}/deeper")


def test_a_name_of_ours_in_other_letters_is_refused_too(data: Path) -> None:
    assert clash(data, f"file://{data}/Tables/ready")


def test_a_directory_of_ours_that_is_a_link_is_followed(data: Path, tmp_path: Path) -> None:
    (tmp_path / "big/synced").mkdir(parents=True)
    (data / "tables/ready").symlink_to(tmp_path / "big")
    assert clash(data, f"file://{tmp_path}/big/synced")
    assert clash(data, f"file://{tmp_path}/big")
    assert not clash(data, f"file://{tmp_path}/bigger")


def test_a_lake_that_is_a_link_into_ours_is_refused(data: Path) -> None:
    (data / "lake").symlink_to(data / "tables/synced")
    assert clash(data, f"file://{data}/lake")


def test_the_same_directory_under_another_name_is_known_by_what_it_is(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a file system that does not tell case, or below a bind mount: other names, one directory.
    (tmp_path / "DATA").symlink_to("data")
    monkeypatch.setattr("daedalus.store.lake_place._real", lambda path: path)
    assert clash(data, f"file://{tmp_path}/DATA/tables/synced")


@pytest.mark.parametrize("place", ["data/lake", "data/lake/deeper", "data-lake", "tables", "elsewhere/raw"])
def test_a_directory_of_its_own_is_right(data: Path, tmp_path: Path, place: str) -> None:
    assert clash(data, f"file://{tmp_path}/{place}") == ""
    assert not (tmp_path / place).exists()


def test_relative_paths_are_compared_from_where_we_are(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert clash(Path("data"), f"file://{data}/tables/ready")
    assert clash(Path("data"), "data/tables")
    assert clash(Path("data"), f"file://{data}/lake") == ""


def test_a_store_elsewhere_is_no_directory() -> None:
    assert local_path("s3://bucket/data") is None
    assert clash(Path("/data"), "s3://data") == ""
