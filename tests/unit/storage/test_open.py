"""Places are opened in one place: what writes a lake and what reads it are as patient and as careful."""

from __future__ import annotations

import subprocess
import sys

import pytest

from daedalus.storage import StorageSettings, TargetError, open_reader, open_target
from daedalus.storage.open import is_s3
from daedalus.storage.s3_client import s3_filesystem

SETTINGS = StorageSettings(
    target="s3://bucket/lake", access_key="a", secret_key="b", endpoint_url="http://127.0.0.1:1"
)


def test_reading_from_s3_has_the_timeouts_and_checksums_of_writing_to_it() -> None:
    reads, writes = open_reader(SETTINGS)._filesystem, open_target(SETTINGS)._fs  # type: ignore[attr-defined]
    assert reads.config_kwargs == writes.config_kwargs == s3_filesystem(SETTINGS).config_kwargs
    assert reads.config_kwargs["connect_timeout"] < 20
    assert reads.retries == writes.retries == 1


@pytest.mark.parametrize("target", ["nosuch://place", "gopher://x/y"])
def test_both_say_the_same_of_a_url_without_a_driver(target: str) -> None:
    told = []
    for opened in (open_reader, open_target):
        with pytest.raises(TargetError, match="no driver") as refused:
            opened(StorageSettings(target=target))
        told.append(str(refused.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("target", ["s3://bucket/lake", "file:///lake", "memory://lake"])
def test_both_call_a_place_the_same(target: str) -> None:
    settings = StorageSettings(target=target)
    assert open_reader(settings).url == open_target(settings).url == target


def test_s3_is_known_by_its_scheme() -> None:
    assert [is_s3(each) for each in ("s3://b", "s3a://b", "s3", "gs://b")] == [True, True, False, False]


def test_a_folder_is_opened_without_what_other_places_need(tmp_path: object) -> None:
    program = (
        "import sys; from daedalus.storage import StorageSettings, open_reader, open_target\n"
        f"settings = StorageSettings(target={str(tmp_path)!r})\n"
        "open_reader(settings), open_target(settings)\n"
        "print(*{'fsspec', 's3fs', 'aiohttp', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
