"""Sync as a process beside the test, and what lies here and in the store."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from faults.recorder import PATIENCE, Tried
from support.processes import COMMAND
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

__all__ = ["into", "lake", "syncing", "tables"]


def into(store: S3Server, bucket: str, **others: Any) -> dict[str, Any]:
    """The section ``sync`` of a configuration: to ``lake`` in this bucket."""
    return {
        "target": f"s3://{bucket}/lake",
        "endpoint_url": store.endpoint_url,
        "region": "us-east-1",
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        **others,
    }


@contextmanager
def syncing(recorder: Tried, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run sync until the block ends."""
    with recorder.log.open("ab") as log:
        process = subprocess.Popen(
            [*COMMAND, "sync", "--config", str(recorder.config)], stdout=log, stderr=log, env=environment
        )
    try:
        yield
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def tables(recorder: Tried, state: str) -> dict[str, bytes]:
    """The table files in a state."""
    root = recorder.data / "tables" / state
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.parquet")}


def lake(store: S3Server, bucket: str) -> dict[str, bytes]:
    """The objects below ``lake`` in a bucket."""
    client, root = store.filesystem(), f"{bucket}/lake"
    return {name.removeprefix(f"{root}/"): client.cat_file(name) for name in client.find(root)}
