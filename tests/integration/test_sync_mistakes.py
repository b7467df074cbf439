"""A person's mistakes with an S3 target: told once, on one line, without a secret; the backlog waits."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from support.backlog import tree
from support.processes import wait_until
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from support.sync_workbench import Running, changed, fill, status, waiting

from daedalus.store.layout import Layout
from daedalus.sync import SyncSettings, sync_once

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"secret_key": "notTheRightSecret"}, "wrong credentials: SignatureDoesNotMatch"),
        ({"access_key": "NOTTHERIGHTKEY"}, "wrong credentials: InvalidAccessKeyId"),
        ({"target": "s3://no-such-bucket-here/lake"}, "there is no such bucket: NoSuchBucket"),
    ],
    ids=["secret", "key", "bucket"],
)
def test_a_mistake_is_told_once_without_secrets_while_the_backlog_waits(
    s3_server: S3Server,
    layout: Layout,
    settings: SyncSettings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    changes: dict[str, str],
    said: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = changed(settings, **changes)
    expected = fill(layout, count=2)
    with Running(layout, wrong):
        wait_until(lambda: status(layout).state == "blocked" and status(layout).failures > 2)
    assert waiting(layout) == expected
    assert status(layout).note.startswith(f"{wrong.target}: {said}")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("daedalus")]
    assert sum(said in line for line in ours) == 1
    captured = capfd.readouterr()
    written = b"".join(tree(layout.status).values()).decode() + captured.out + captured.err
    assert "Traceback" not in written + "".join(ours)
    for secret in (SECRET_KEY, wrong.secret_key):
        assert secret not in written + caplog.text
    for key in (ACCESS_KEY, wrong.access_key):
        assert key not in written + "".join(ours)
    # The mistake corrected, the same backlog goes.
    assert sync_once(layout, settings).files_waiting == 0
    assert lake(s3_server, settings) == expected


def test_no_credentials_anywhere_is_one_line(
    layout: Layout, settings: SyncSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    fill(layout, count=1)
    report = sync_once(layout, changed(settings, access_key=None, secret_key=None))
    assert "no credentials were found" in report.error
    assert "AWS_ACCESS_KEY_ID" in report.error


def test_the_usual_chain_gives_the_credentials_where_none_are_set(
    s3_server: S3Server, layout: Layout, settings: SyncSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    expected = fill(layout, count=1)
    sync_once(layout, changed(settings, access_key=None, secret_key=None))
    assert lake(s3_server, settings) == expected
