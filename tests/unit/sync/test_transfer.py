"""One pass against directories: what arrives, in which order, and what is moved."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support.backlog import segment, table_file, tree
from support.sync_workbench import Watched, changed, fill, lake_of, refuse, status, synced, waiting

from daedalus.storage import TargetError, TargetErrorKind, open_target
from daedalus.store.layout import NORMALIZED, READY, SYNCED, Layout
from daedalus.sync import SyncSettings, sync_once


def test_everything_arrives_and_is_moved_to_synced(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout)
    report = sync_once(layout, settings)
    assert lake_of(settings) == expected
    assert (report.uploaded_files, report.files_waiting, report.failures) == (10, 0, 0)
    assert report.uploaded_bytes == sum(len(body) for body in expected.values())
    assert tree(layout.tables(READY)) == {}
    assert tree(layout.raw(NORMALIZED)) == {}
    assert synced(layout) == expected


def test_raw_stays_where_it_is_when_it_is_not_asked_for(layout: Layout, settings: SyncSettings) -> None:
    fill(layout)
    raw = tree(layout.raw(NORMALIZED))
    sync_once(layout, SyncSettings(target=settings.target))
    assert tree(layout.raw(NORMALIZED)) == raw
    assert not any(name.startswith("raw/") for name in lake_of(settings))


def test_the_oldest_go_first(layout: Layout, settings: SyncSettings) -> None:
    fill(layout)
    target = Watched(open_target(settings))
    sync_once(layout, SyncSettings(target=settings.target, concurrency=1), target=target)
    assert target.keys == sorted(target.keys)
    assert len(target.keys) == 5


def test_no_more_than_the_allowed_number_are_on_their_way_at_once(
    layout: Layout, settings: SyncSettings
) -> None:
    fill(layout)
    target = Watched(open_target(settings), lambda _: time.sleep(0.02))
    sync_once(layout, SyncSettings(target=settings.target, include_raw=True, concurrency=3), target=target)
    assert target.most_at_once == 3


def test_a_second_time_nothing_is_left_to_do(layout: Layout, settings: SyncSettings) -> None:
    fill(layout)
    sync_once(layout, settings)
    assert sync_once(layout, settings).uploaded_files == 0


def test_a_file_verified_before_a_kill_is_moved_without_being_sent_again(
    layout: Layout, settings: SyncSettings
) -> None:
    fill(layout, 1)
    target = open_target(settings)
    for path in layout.tables(READY).rglob("*.parquet"):
        target.put(path, path.relative_to(layout.tables(READY)).as_posix())
    report = sync_once(layout, settings)
    assert (report.unchanged_files, report.uploaded_files) == (1, 1)
    assert tree(layout.tables(READY)) == {}


def test_a_file_normalized_again_replaces_the_old_one_in_the_lake_and_is_told(
    layout: Layout, settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    table_file(layout, READY, segment(0), b"with a bug")
    sync_once(layout, settings)
    table_file(layout, READY, segment(0), b"without it")
    report = sync_once(layout, settings)
    assert report.replaced_files == 1
    assert list(lake_of(settings).values()) == [b"without it"]
    assert list(tree(layout.tables(SYNCED)).values()) == [b"without it"]
    assert "that had another content, such as" in caplog.text


def test_a_file_computed_again_while_the_old_one_is_sent_is_sent_too(
    layout: Layout, settings: SyncSettings
) -> None:
    path = table_file(layout, READY, segment(0), b"old")

    def again(_: str) -> None:
        if path.read_bytes() == b"old":
            path.with_suffix(".new").write_bytes(b"new")
            path.with_suffix(".new").replace(path)

    # The old one is opened and proved; by then the name belongs to the new one.
    target = Watched(open_target(settings), after=again)
    sync_once(layout, settings, target=target)
    assert tree(layout.tables(SYNCED)) == {}
    sync_once(layout, settings, target=target)
    assert list(lake_of(settings).values()) == [b"new"]
    assert list(tree(layout.tables(SYNCED)).values()) == [b"new"]


def test_a_file_taken_away_meanwhile_is_no_failure(layout: Layout, settings: SyncSettings) -> None:
    path = table_file(layout, READY, segment(0), b"x")
    target = Watched(open_target(settings), lambda _: path.unlink())
    assert sync_once(layout, settings, target=target).failures == 0


def test_a_lake_that_cannot_be_reached_is_told_before_the_first_file(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "lake").write_text("a file where the lake should be")
    report = sync_once(layout, SyncSettings(target=str(tmp_path / "lake")))
    assert report.failures == 1
    assert str(tmp_path / "lake") in report.error


def test_the_budget_is_kept_and_what_waits_is_told(layout: Layout, settings: SyncSettings) -> None:
    for hour in range(3):
        table_file(layout, READY, segment(hour), os.urandom(1_000_000))
    tight = SyncSettings(target=settings.target, budget_mb=1)
    blocked = Watched(open_target(settings), refuse(TargetErrorKind.DENIED))
    report = sync_once(layout, tight, target=blocked)
    assert report.retention is not None
    assert report.retention.over_budget_bytes > 1_900_000
    assert "budget is exceeded" in status(layout).note
    assert len(tree(layout.tables(READY))) == 3
    report = sync_once(layout, tight)
    assert report.retention is not None
    assert report.retention.over_budget_bytes == 0
    assert len(tree(layout.tables(SYNCED))) == 0
    assert len(lake_of(settings)) == 3


def test_a_disk_that_takes_no_status_does_not_end_the_worker(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout)
    (layout.status / "sync.json").mkdir(parents=True)  # in the way of the file
    sync_once(layout, settings)
    assert lake_of(settings) == expected


def test_a_lake_that_is_our_own_directory_is_refused_before_anything_is_moved(
    layout: Layout, settings: SyncSettings, tmp_path: Path
) -> None:
    expected = fill(layout)
    (tmp_path / "lake").symlink_to(layout.tables(SYNCED))
    with pytest.raises(TargetError, match="own tables") as caught:
        sync_once(layout, settings)
    assert caught.value.kind is TargetErrorKind.SETTINGS
    assert waiting(layout) == expected


def test_a_file_is_never_taken_for_its_own_copy(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout)
    target = open_target(changed(settings, target=str(layout.tables(READY))))
    (source,) = list(layout.tables(READY).rglob("*.parquet"))[:1]
    with pytest.raises(TargetError, match="the file to upload itself"):
        target.put(source, source.relative_to(layout.tables(READY)).as_posix())
    assert waiting(layout) == expected


@pytest.mark.parametrize("kind", ["a pipe", "a symbolic link"])
def test_what_is_no_file_is_not_sent_and_told_and_holds_up_no_other(
    layout: Layout, settings: SyncSettings, tmp_path: Path, kind: str
) -> None:
    path = table_file(layout, READY, segment(0), b"x")
    path.unlink()
    if kind == "a pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "secret").write_bytes(b"secret")
        path.symlink_to(tmp_path / "secret")
    other = table_file(layout, READY, segment(1), b"sound")
    report = sync_once(layout, settings)
    assert report.uploaded_files == 1
    assert f"{kind} stands where a file is expected" in report.error
    assert list(lake_of(settings).values()) == [b"sound"]
    assert not other.exists()


def test_nothing_is_written_through_what_stands_in_the_lake(
    layout: Layout, settings: SyncSettings, tmp_path: Path
) -> None:
    expected = fill(layout, 1)
    key = next(iter(expected))
    final = Path(settings.target, key)
    final.parent.mkdir(parents=True)
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    final.with_name(f".{final.name}.part").symlink_to(precious)
    os.mkfifo(final)
    sync_once(layout, settings)
    assert lake_of(settings) == expected
    assert precious.read_bytes() == b"precious"
