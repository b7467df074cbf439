"""Stores are opened in one place: what writes a lake and what reads it are as patient and as careful."""

from __future__ import annotations

import pytest

from daedalus.lake.source import open_lake
from daedalus.storage import StorageSettings, TargetError, open_target
from daedalus.storage.filesystems import is_local, is_s3, s3_filesystem

SETTINGS = StorageSettings(
    target="s3://bucket/lake", access_key="a", secret_key="b", endpoint_url="http://127.0.0.1:1"
)


def test_reading_a_lake_in_s3_has_the_timeouts_and_checksums_of_writing_it() -> None:
    reads, writes = open_lake(SETTINGS)._filesystem, open_target(SETTINGS)._fs  # type: ignore[attr-defined]
    assert reads.config_kwargs == writes.config_kwargs == s3_filesystem(SETTINGS).config_kwargs
    assert reads.config_kwargs["connect_timeout"] < 20
    assert reads.retries == writes.retries == 1


@pytest.mark.parametrize("target", ["nosuch://place", "gopher://x/y"])
def test_both_say_the_same_of_a_url_without_a_driver(target: str) -> None:
    told = []
    for opened in (open_lake, open_target):
        with pytest.raises(TargetError, match="no driver") as refused:
            opened(StorageSettings(target=target))
        told.append(str(refused.value))
    assert told[0] == told[1]


def test_a_place_is_known_by_its_scheme() -> None:
    assert [is_local(each) for each in ("lake", "/lake", "file:///lake", "local://x", "s3://b")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert [is_s3(each) for each in ("s3://b", "s3a://b", "s3", "gs://b")] == [True, True, False, False]
