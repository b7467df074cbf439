"""A lake is known by its mark: a place without it gets nothing, and what should go there waits."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from support.backlog import segment, table_file, tree
from support.processes import wait_until
from support.sync_workbench import Running, changed, fill, lake_of, status, synced, waiting

from daedalus.host import unmounted_above
from daedalus.storage import TargetError, open_target
from daedalus.storage.lake_mark import MARK
from daedalus.store.layout import READY, SYNCED, Layout
from daedalus.sync import SyncSettings, sync_once
from daedalus.sync.known_lake import KnownLake


@pytest.fixture
def mount_point(tmp_path: Path, settings: SyncSettings) -> Path:
    """Where the lake's disk is mounted: taking it away leaves an empty directory."""
    return Path(settings.target)


def take_away(mount_point: Path) -> Path:
    """Unmount: the lake is elsewhere, and the mount point bare."""
    mount_point.rename(mount_point.with_name("disk"))
    mount_point.mkdir()
    return mount_point.with_name("disk")


def bring_back(mount_point: Path) -> None:
    shutil.rmtree(mount_point)
    mount_point.with_name("disk").rename(mount_point)


def test_a_lake_is_marked_when_it_is_first_used(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout, 1)
    assert sync_once(layout, settings).error == ""
    mark = (Path(settings.target) / MARK).read_bytes()
    assert b"This is a lake of Daedalus" in mark
    assert lake_of(settings) == expected
    fill(layout, 2)
    sync_once(layout, settings)
    assert (Path(settings.target) / MARK).read_bytes() == mark


def test_a_known_lake_that_is_away_gets_nothing_and_all_waits_until_it_is_back(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    table_file(layout, READY, segment(0), b"before")
    sync_once(layout, settings)
    take_away(mount_point)
    table_file(layout, READY, segment(1), b"meanwhile")
    report = sync_once(layout, settings)
    assert (report.files_waiting, report.uploaded_files) == (1, 0)
    assert "the lake is not there" in report.error
    assert "--new-lake" in report.error
    assert list(mount_point.iterdir()) == []
    bring_back(mount_point)
    assert sync_once(layout, settings).files_waiting == 0
    assert sorted(lake_of(settings).values()) == [b"before", b"meanwhile"]


def test_a_lake_whose_mount_point_is_gone_too_is_not_made_anew(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    fill(layout, 1)
    sync_once(layout, settings)
    mount_point.rename(mount_point.with_name("disk"))
    table_file(layout, READY, segment(1), b"meanwhile")
    assert "the lake is not there" in sync_once(layout, settings).error
    assert not mount_point.exists()


def test_a_lake_that_goes_away_under_way_gets_nothing_more_and_recovers_by_itself(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    with Running(layout, settings):
        table_file(layout, READY, segment(0), b"before")
        wait_until(lambda: len(synced(layout)) == 1)
        take_away(mount_point)
        table_file(layout, READY, segment(1), b"meanwhile")
        wait_until(lambda: status(layout).state == "blocked")
        assert "the lake is not there" in status(layout).note
        assert list(waiting(layout).values()) == [b"meanwhile"]
        assert tree(mount_point) == {}
        bring_back(mount_point)
        wait_until(lambda: len(lake_of(settings)) == 2)


def test_a_lake_that_goes_away_while_a_file_is_written_does_not_have_the_file(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    target = open_target(settings)
    table_file(layout, READY, segment(0), b"before")
    sync_once(layout, settings)
    known_lake = KnownLake(layout, target)
    known_lake.recognize()
    take_away(mount_point)
    with pytest.raises(TargetError, match="the lake is not there"):
        known_lake.confirm()


def test_another_disk_in_its_place_is_refused_until_it_is_said_to_be_the_lake(
    layout: Layout, settings: SyncSettings, mount_point: Path, tmp_path: Path
) -> None:
    fill(layout, 1)
    sync_once(layout, settings)
    take_away(mount_point)
    other = Layout(tmp_path / "other recorder")
    sync_once(other, settings)  # it marks what is there now
    table_file(layout, READY, segment(1), b"meanwhile")
    assert "this is another lake" in sync_once(layout, settings).error
    assert lake_of(settings) == {}
    assert sync_once(layout, changed(settings, new_lake=True)).files_waiting == 0
    assert sync_once(layout, settings).error == ""
    assert list(lake_of(settings).values()) == [b"meanwhile"]
    assert sync_once(other, settings).error == ""


def test_an_empty_place_is_the_lake_where_it_is_said_to_be(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    fill(layout, 1)
    sync_once(layout, settings)
    take_away(mount_point)
    table_file(layout, READY, segment(1), b"meanwhile")
    assert sync_once(layout, changed(settings, new_lake=True)).error == ""
    assert sync_once(layout, settings).error == ""
    assert (mount_point / MARK).exists()


def test_two_recorders_share_a_lake(layout: Layout, settings: SyncSettings, tmp_path: Path) -> None:
    other = Layout(tmp_path / "other")
    for _ in range(2):
        for each in (layout, other):
            table_file(each, READY, segment(0), b"x")
            assert sync_once(each, settings).error == ""


def test_two_recorders_that_come_at_the_same_time_make_one_mark(
    settings: SyncSettings, tmp_path: Path
) -> None:
    layouts = [Layout(tmp_path / f"recorder{number}") for number in range(8)]
    together = threading.Barrier(len(layouts))

    def begin(layout: Layout) -> None:
        together.wait()
        KnownLake(layout, open_target(settings)).recognize()

    threads = [threading.Thread(target=begin, args=(layout,)) for layout in layouts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(layout.data_dir / "lakes.json").read_bytes() for layout in layouts}) == 1
    assert [path.name for path in Path(settings.target).iterdir()] == [MARK]
    assert all(sync_once(layout, settings).error == "" for layout in layouts)


def test_a_lake_from_before_there_were_marks_is_known_by_what_was_synced(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    fill(layout, 3)
    sync_once(layout, settings)
    (mount_point / MARK).unlink()
    (layout.data_dir / "lakes.json").unlink()
    table_file(layout, READY, segment(5), b"new")
    assert sync_once(layout, settings).error == ""
    assert (mount_point / MARK).exists()


def test_a_lake_from_before_there_were_marks_that_is_away_is_not_made_anew(
    layout: Layout, settings: SyncSettings, mount_point: Path
) -> None:
    fill(layout, 3)
    sync_once(layout, settings)
    (mount_point / MARK).unlink()
    (layout.data_dir / "lakes.json").unlink()
    take_away(mount_point)
    table_file(layout, READY, segment(5), b"new")
    assert "this place has none of them" in sync_once(layout, settings).error
    assert list(mount_point.iterdir()) == []


def test_a_new_target_of_a_recorder_that_has_synced_elsewhere_is_begun(
    layout: Layout, settings: SyncSettings, tmp_path: Path
) -> None:
    fill(layout, 1)
    sync_once(layout, settings)
    assert list(layout.tables(SYNCED).rglob("*.parquet"))
    table_file(layout, READY, segment(1), b"new")
    elsewhere = changed(settings, target=str(tmp_path / "elsewhere"))
    assert sync_once(layout, elsewhere).error == ""
    assert list(lake_of(elsewhere).values()) == [b"new"]
    assert sync_once(layout, settings).error == ""


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]"])
def test_a_mark_that_cannot_be_read_is_told_and_nothing_is_sent(
    layout: Layout, settings: SyncSettings, mount_point: Path, content: bytes
) -> None:
    mount_point.mkdir()
    (mount_point / MARK).write_bytes(content)
    expected = fill(layout, 1)
    assert "cannot be read" in sync_once(layout, settings).error
    assert waiting(layout) == expected
    assert sync_once(layout, changed(settings, new_lake=True)).error == ""
    assert sync_once(layout, settings).error == ""


def test_a_memory_that_was_lost_takes_the_mark_that_is_there(layout: Layout, settings: SyncSettings) -> None:
    fill(layout, 1)
    sync_once(layout, settings)
    (layout.data_dir / "lakes.json").write_bytes(b"\xff{")
    fill(layout, 2)
    assert sync_once(layout, settings).error == ""


def test_looking_marks_nothing(layout: Layout, settings: SyncSettings, mount_point: Path) -> None:
    KnownLake(layout, open_target(settings)).look()
    assert not mount_point.exists()
    assert not layout.data_dir.exists()


def test_a_mount_that_fstab_names_and_nobody_mounted_is_found(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "etc/fstab").write_text(
        "# /dev/x /mnt/old ext4 defaults 0 0\nLABEL=nas /mnt/my\\040nas nfs defaults 0 0\n"
        "/dev/y /mnt/here ext4 defaults 0 0\n/swap none swap sw 0 0\n\n/dev/z / ext4 defaults 0 1\n"
    )
    (tmp_path / "proc/self/mounts").write_text("/dev/z / ext4 rw 0 0\n/dev/y /mnt/here ext4 rw 0 0\n")
    places = ("/mnt/my nas/lake", "/mnt/my nas", "/mnt/old/lake", "/mnt/here/lake", "/mnt/my", "/data")
    away = [unmounted_above(Path(place), tmp_path) for place in places]
    assert away == [Path("/mnt/my nas"), Path("/mnt/my nas"), None, None, None, None]
