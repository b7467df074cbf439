"""The worker in the long run: failures, a store that is down, and what it says of itself."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time

import pytest
from support.backlog import segment, tree
from support.processes import wait_until
from support.sync_workbench import Running, Watched, fill, lake_of, refuse, status

from daedalus.storage import TargetErrorKind, open_target
from daedalus.store.layout import READY, Layout
from daedalus.store.lock import AlreadyRunningError
from daedalus.sync import SyncSettings, sync_once


def test_one_failing_file_does_not_stop_the_others(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout)
    target = Watched(open_target(settings), refuse(TargetErrorKind.REFUSED, 0))
    with Running(layout, settings, target):
        wait_until(lambda: len(lake_of(settings)) == len(expected) - 2)
        wait_until(lambda: status(layout).files_waiting == 2)
        wait_until(lambda: "refused" in status(layout).note)
    assert all(str(segment(0).number) in name for name in tree(layout.tables(READY)))


def test_even_an_error_that_looks_like_the_whole_store_cannot_hold_the_others_up(
    layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout)
    target = Watched(open_target(settings), refuse(TargetErrorKind.UNREACHABLE, 0))
    with Running(layout, settings, target):
        wait_until(lambda: len(lake_of(settings)) == len(expected) - 2)


def test_a_failure_nobody_thought_of_does_not_end_the_worker(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout)
    failures = iter([ValueError("a bug"), KeyError("another")])

    def fail(_: str) -> None:
        if (error := next(failures, None)) is not None:
            raise error

    with Running(layout, settings, Watched(open_target(settings), fail)):
        wait_until(lambda: lake_of(settings) == expected)


def test_a_store_that_is_down_is_not_hammered(layout: Layout, settings: SyncSettings) -> None:
    fill(layout)
    target = Watched(open_target(settings), refuse(TargetErrorKind.UNREACHABLE))
    slow = SyncSettings(target=settings.target, include_raw=True, concurrency=1, backoff_seconds=60.0)
    with Running(layout, slow, target):
        wait_until(lambda: status(layout).state == "blocked")
        time.sleep(0.3)
    assert len(target.keys) == 1


def test_after_an_outage_all_arrives_without_a_restart(layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout)
    down = threading.Event()
    down.set()

    def before(key: str) -> None:
        if down.is_set():
            refuse(TargetErrorKind.UNREACHABLE)(key)

    with Running(layout, settings, Watched(open_target(settings), before)):
        wait_until(lambda: status(layout).failures > 3)
        assert status(layout).state == "blocked"
        assert "refused" in status(layout).note
        down.clear()
        wait_until(lambda: lake_of(settings) == expected)
        wait_until(lambda: status(layout).state == "running" and status(layout).note == "")
    assert status(layout).state == "stopped"


def test_what_comes_while_it_runs_is_uploaded(layout: Layout, settings: SyncSettings) -> None:
    with Running(layout, settings):
        wait_until(lambda: (layout.status / "sync.json").exists())
        expected = fill(layout, 2)
        wait_until(lambda: lake_of(settings) == expected)
        wait_until(lambda: status(layout).files_waiting == 0)
    assert status(layout).uploaded_files == 4
    assert status(layout).last_upload_ns > 0


def test_a_second_sync_on_the_same_data_is_refused(layout: Layout, settings: SyncSettings) -> None:
    with Running(layout, settings):
        wait_until(lambda: (layout.status / "sync.json").exists())
        with pytest.raises(AlreadyRunningError, match="sync already runs here"):
            sync_once(layout, settings)
    sync_once(layout, settings)


def test_the_same_trouble_is_logged_once(
    layout: Layout, settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    fill(layout)
    caplog.set_level(logging.INFO, logger="daedalus")
    target = Watched(open_target(settings), refuse(TargetErrorKind.UNREACHABLE))
    with Running(layout, settings, target):
        wait_until(lambda: status(layout).failures > 8)
    assert sum("refused" in record.message for record in caplog.records) == 1


def test_a_directory_that_cannot_be_looked_into_is_told_and_holds_up_nothing_else(
    layout: Layout, settings: SyncSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fill(layout, 1)
    closed = layout.tables(READY) / "quotes"
    closed.mkdir()
    scandir = os.scandir

    def refuse_one(path: str | os.PathLike[str]) -> object:
        if os.fspath(path) == str(closed):  # as for a user who may not: root may everything
            raise PermissionError(errno.EACCES, "Permission denied", str(closed))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse_one)
    report = sync_once(layout, settings)
    assert lake_of(settings) == expected
    assert f"{closed} cannot be looked into (Permission denied)" in report.error
    assert "cannot be looked into" in status(layout).note
