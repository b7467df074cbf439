"""The sync worker against a real S3 server: what dies, what is wrong, and that all arrives all the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from support.faulty_proxy import Answer, FaultyProxy, Forward, Request, faulty_proxy
from support.processes import wait_until
from support.s3_server import S3Server
from support.sync_workbench import Running, changed, fill, status, synced, waiting

from daedalus.store.layout import Layout
from daedalus.sync import SyncSettings, sync_once

pytestmark = pytest.mark.integration

MIB = 1 << 20


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def settings(s3_server: S3Server, bucket: str) -> SyncSettings:
    return s3_server.settings(
        bucket,
        include_raw=True,
        interval_seconds=0.1,
        backoff_seconds=0.05,
        backoff_max_seconds=0.5,
        status_seconds=0.05,
    )


def lake(server: S3Server, settings: SyncSettings) -> dict[str, bytes]:
    filesystem, root = server.filesystem(), settings.target.removeprefix("s3://")
    return {name.removeprefix(f"{root}/"): filesystem.cat_file(name) for name in filesystem.find(root)}


def blocked(layout: Layout) -> bool:
    return status(layout).state == "blocked"


def arrived(layout: Layout) -> bool:
    return status(layout).files_waiting == 0 and not waiting(layout)


def test_all_arrives_and_moves_to_synced(s3_server: S3Server, layout: Layout, settings: SyncSettings) -> None:
    expected = fill(layout, 6, 300_000)
    report = sync_once(layout, settings)
    assert (report.uploaded_files, report.failures) == (len(expected), 0)
    assert lake(s3_server, settings) == expected
    assert waiting(layout) == {}
    assert synced(layout) == expected


def test_a_server_killed_in_the_middle_of_an_upload_and_brought_back_gets_everything(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout, count=4, size=2 * MIB)
    killed = threading.Event()

    def kill_at_the_third(request: Request, forward: Forward) -> Answer:
        if request.method == "PUT" and proxy.count("PUT") == 3:
            s3_server.kill()
            killed.set()
        try:
            return forward()
        except OSError:
            return Answer.error(502, "BadGateway")

    with (
        faulty_proxy(s3_server.port, kill_at_the_third) as proxy,
        Running(layout, changed(settings, endpoint_url=proxy.endpoint_url)),
    ):
        try:
            assert killed.wait(30)
            wait_until(lambda: blocked(layout))
            assert waiting(layout)
        finally:
            s3_server.start()
        wait_until(lambda: arrived(layout))
    assert lake(s3_server, settings) == expected
    puts = [request.path for request in proxy.requests if request.method == "PUT"]
    # What the server had acknowledged was not sent again; what was under way when it died was.
    assert len(puts) <= len(expected) + settings.concurrency * 2 + 2


def test_a_link_that_breaks_all_the_time_delays_but_loses_nothing(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout, count=8, size=50_000)
    chance = random.Random(11)

    def break_often(request: Request, forward: Forward) -> Answer:
        luck = chance.random()
        if luck < 0.2:
            return Answer.error(503, "SlowDown")
        if luck < 0.3:
            raise ConnectionAbortedError("the link broke before the server was asked")
        answer = forward()
        if luck < 0.4:
            raise ConnectionAbortedError("the link broke before the answer came back")
        return answer

    with (
        faulty_proxy(s3_server.port, break_often) as proxy,
        Running(layout, changed(settings, endpoint_url=proxy.endpoint_url)),
    ):
        wait_until(lambda: arrived(layout))
    assert lake(s3_server, settings) == expected


RUN = """
import sys, threading, msgspec
from pathlib import Path
from daedalus.store.layout import Layout
from daedalus.sync import SyncSettings, run_sync
settings = msgspec.json.decode(sys.stdin.read(), type=SyncSettings)
run_sync(Layout(Path(sys.argv[1])), settings, threading.Event())
"""


def test_a_worker_killed_again_and_again_loses_nothing_and_leaves_no_file_in_two_states(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout, count=30, size=60_000)
    chance = random.Random(5)
    kills = 0
    while waiting(layout):
        command = [sys.executable, "-c", RUN, str(layout.data_dir)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:
            assert worker.stdin is not None
            worker.stdin.write(msgspec.json.encode(settings))
            worker.stdin.close()
            left = len(waiting(layout))
            wait_until(lambda before=left: len(waiting(layout)) < before)
            time.sleep(chance.uniform(0.0, 0.15))
            worker.send_signal(signal.SIGKILL)
        kills += 1
        moved = synced(layout)
        assert not moved.keys() & waiting(layout).keys()
        assert moved | waiting(layout) == expected
        assert moved.items() <= lake(s3_server, settings).items()
    assert kills > 1
    assert lake(s3_server, settings) == expected


def test_a_server_that_is_down_keeps_the_backlog_waiting_and_is_found_when_it_comes(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout, count=2)
    s3_server.kill()
    try:
        with Running(layout, settings):
            wait_until(lambda: blocked(layout))
            now = status(layout)
            assert settings.endpoint_url is not None
            assert settings.endpoint_url in now.note
            assert now.files_waiting == 4
            assert now.bytes_waiting == sum(len(body) for body in expected.values())
            s3_server.start()
            wait_until(lambda: arrived(layout))
    finally:
        s3_server.start()
    assert lake(s3_server, settings) == expected


def test_an_object_corrupted_on_purpose_is_noticed_and_put_right(
    s3_server: S3Server, layout: Layout, settings: SyncSettings, caplog: pytest.LogCaptureFixture
) -> None:
    expected = fill(layout, count=1)
    key = next(iter(expected))
    damaged = bytes([expected[key][0] ^ 1]) + expected[key][1:]
    s3_server.filesystem().pipe_file(f"{settings.target.removeprefix('s3://')}/{key}", damaged)
    report = sync_once(layout, settings)
    assert report.replaced_files == 1
    assert key in caplog.text
    assert lake(s3_server, settings) == expected


def test_a_file_whose_upload_cannot_be_proved_stays_and_is_told(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout, count=1)

    def swap(request: Request, forward: Forward) -> Answer:
        if request.method != "PUT":
            return forward()
        name = f"{settings.target.removeprefix('s3://')}/{request.path.split('/lake/')[1]}"
        s3_server.filesystem().pipe_file(name.replace("%3D", "="), os.urandom(len(request.body)))
        return Answer(200, {"ETag": '"x"'})

    with faulty_proxy(s3_server.port, swap) as proxy:
        report = sync_once(layout, changed(settings, endpoint_url=proxy.endpoint_url))
    assert report.failures == 2
    assert "does not hold what was sent" in report.error
    assert waiting(layout) == expected
    assert sync_once(layout, settings).replaced_files == 2
    assert lake(s3_server, settings) == expected


def test_a_stop_in_the_middle_of_a_backlog_ends_soon_and_the_rest_goes_later(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    expected = fill(layout, 10, 300_000)

    def slow(request: Request, forward: Forward) -> Answer:
        time.sleep(0.2)
        return forward()

    def some_arrived(proxy: FaultyProxy) -> bool:
        return proxy.count("PUT") > 3

    with faulty_proxy(s3_server.port, slow) as proxy:
        with Running(layout, changed(settings, endpoint_url=proxy.endpoint_url)):
            wait_until(lambda: some_arrived(proxy))
            asked = time.monotonic()
        assert time.monotonic() - asked < 3.0
    assert waiting(layout)
    sync_once(layout, settings)
    assert lake(s3_server, settings) == expected


def test_an_emptied_bucket_is_not_filled_anew_in_silence(
    s3_server: S3Server, layout: Layout, settings: SyncSettings
) -> None:
    fill(layout, count=1)
    assert sync_once(layout, settings).error == ""
    for name in s3_server.filesystem().find(settings.target.removeprefix("s3://")):
        s3_server.filesystem().rm_file(name)
    expected = fill(layout, count=2)
    assert "the lake is not there" in sync_once(layout, settings).error
    assert waiting(layout) == expected
    left = s3_server.filesystem().find(settings.target.removeprefix("s3://"))  # this store keeps folders
    assert not [name for name in left if name.endswith(".parquet")]
    assert sync_once(layout, changed(settings, new_lake=True)).error == ""
    assert lake(s3_server, settings) == expected
