"""The whole way into an S3 lake, while the store dies, loses its bucket, and changes the key."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from faults.exchange import an_exchange
from faults.recorder import PATIENCE, Tried
from faults.uploading import into, lake, syncing, tables
from support.processes import wait_until
from support.s3_server import SECRET_KEY, S3Server

pytestmark = pytest.mark.s3


def test_a_store_that_dies_loses_its_bucket_or_gets_another_key_ends_with_the_whole_lake(
    tmp_path: Path, store: S3Server, recorders: list[Tried], measured: Any, long: bool
) -> None:
    bucket = store.new_bucket(f"lake-{uuid.uuid4().hex[:12]}")
    with an_exchange(rate=1000) as exchange:
        recorder = Tried(tmp_path / "recorder", exchange.port)
        recorders.append(recorder)
        recorder.round()
        recorder.until("messages", 3_000)
        recorder.stop()
    assert recorder.run_worker("normalize", "--once") == 0
    expected = tables(recorder, "ready")
    recorder.settings["sync"] = into(
        store, bucket, secret_key="the key before it was rotated", interval_seconds=1, concurrency=1
    )
    recorder.write_config()

    def sync_says(text: str) -> None:
        wait_until(lambda: text in recorder.log_text(), PATIENCE, text)

    def arrived() -> bool:
        return not tables(recorder, "ready")

    with syncing(recorder):
        sync_says("wrong credentials: SignatureDoesNotMatch")
        assert tables(recorder, "ready") == expected
    recorder.settings["sync"]["secret_key"] = SECRET_KEY
    recorder.write_config()
    with syncing(recorder):
        wait_until(lambda: bool(tables(recorder, "synced")), PATIENCE, "the first file")
        store.kill()
        time.sleep(20 if long else 3)
        store.start()
        wait_until(arrived, PATIENCE, "all files")
    assert lake(store, bucket) == expected

    client = store.filesystem()
    for name in client.find(bucket):
        client.rm_file(name)
    client.call_s3("delete_bucket", Bucket=bucket)
    # What it had is gone with it; the remedy is to give back what still lies here.
    synced, ready = recorder.data / "tables" / "synced", recorder.data / "tables" / "ready"
    for path in sorted(synced.rglob("*.parquet")):
        back = ready / path.relative_to(synced)
        back.parent.mkdir(parents=True, exist_ok=True)
        path.rename(back)
    with syncing(recorder):
        sync_says("there is no such bucket: NoSuchBucket")
        assert tables(recorder, "ready") == expected
        store.new_bucket(bucket)
        time.sleep(5)
        assert tables(recorder, "ready") == expected, "an emptied bucket is not filled anew in silence"
    assert recorder.run_worker("sync", "--once", "--new-lake") == 0
    assert arrived()
    assert lake(store, bucket) == expected
    measured("store killed, bucket deleted, key rotated", rounds=3, lake_files=len(expected))
