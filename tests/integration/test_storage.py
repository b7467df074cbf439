"""What every place for files must keep, to write to and to read from, checked for each of them."""

from __future__ import annotations

import os
import resource
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest

from daedalus.storage import (
    Outcome,
    Reader,
    SourceGoneError,
    StoppedError,
    StorageSettings,
    Target,
    TargetError,
    TargetErrorKind,
    open_reader,
    open_target,
)
from daedalus.storage.s3_target import S3Target

pytestmark = pytest.mark.integration

KEY = "trades/exchange=binance/date=2026-11-23/trade-1795400000000000000.parquet"
MIB = 1 << 20
SOURCE_BYTES = 6 * MIB + 17  # two parts, the second one odd


@dataclass
class Place:
    """A target, its reader, and a look at what is really there that goes through neither."""

    target: Target
    reader: Reader
    filesystem: fsspec.AbstractFileSystem
    root: str

    def read(self, key: str) -> bytes:
        return bytes(self.filesystem.cat_file(f"{self.root}/{key}"))

    def write(self, key: str, content: bytes) -> None:
        path = f"{self.root}/{key}"
        self.filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.filesystem.pipe_file(path, content)

    def names(self) -> list[str]:
        return [str(name) for name in self.filesystem.find(self.root)]


@pytest.fixture(params=["path", "file", "memory", "s3", "s3 in parts"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kind = request.param
    if kind in ("path", "file"):
        root = str(tmp_path / "lake")
        settings = StorageSettings(target=root if kind == "path" else f"file://{root}")
        yield Place(open_target(settings), open_reader(settings), fsspec.filesystem("file"), root)
    elif kind == "memory":
        root = f"/{uuid.uuid4().hex}"
        settings = StorageSettings(target=f"memory:/{root}")
        yield Place(open_target(settings), open_reader(settings), fsspec.filesystem("memory"), root)
        fsspec.filesystem("memory").store.clear()
    else:
        server = request.getfixturevalue("s3_server")
        bucket = request.getfixturevalue("bucket")
        settings = server.settings(bucket)
        target = S3Target(settings, single_bytes=0, part_bytes=5 * MIB) if "parts" in kind else None
        target = target or open_target(settings)
        yield Place(target, open_reader(settings), server.filesystem(), f"{bucket}/a/lake")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.parquet"
    path.write_bytes(os.urandom(SOURCE_BYTES))
    return path


def test_what_was_put_is_there_byte_for_byte_and_nothing_else(place: Place, source: Path) -> None:
    place.target.check()
    receipt = place.target.put(source, KEY)
    assert (receipt.outcome, receipt.bytes, receipt.key) == (Outcome.UPLOADED, SOURCE_BYTES, KEY)
    assert place.read(KEY) == source.read_bytes()
    assert [name.endswith(KEY) for name in place.names()] == [True]
    assert place.target.holds(source, KEY)


def test_an_empty_file_can_be_put(place: Place, source: Path) -> None:
    source.write_bytes(b"")
    place.target.check()
    assert place.target.put(source, KEY).bytes == 0
    assert place.read(KEY) == b""
    assert place.target.put(source, KEY).outcome is Outcome.UNCHANGED


def test_the_same_file_is_not_sent_twice(place: Place, source: Path) -> None:
    place.target.check()
    place.target.put(source, KEY)
    assert place.target.put(source, KEY).outcome is Outcome.UNCHANGED


def test_another_content_of_the_same_size_is_noticed_and_replaced(place: Place, source: Path) -> None:
    place.target.check()
    place.target.put(source, KEY)
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    place.write(KEY, bytes(content))
    assert not place.target.holds(source, KEY)
    assert place.target.put(source, KEY).outcome is Outcome.REPLACED
    assert place.read(KEY) == source.read_bytes()


def test_another_content_of_another_size_is_noticed_and_replaced(place: Place, source: Path) -> None:
    place.target.check()
    place.write(KEY, b"someone else's")
    assert not place.target.holds(source, KEY)
    assert place.target.put(source, KEY).outcome is Outcome.REPLACED
    assert place.read(KEY) == source.read_bytes()


def test_what_is_not_there_is_not_held(place: Place, source: Path) -> None:
    place.target.check()
    assert not place.target.holds(source, KEY)


def test_a_source_that_was_moved_away_is_said_to_be_gone(place: Place, tmp_path: Path) -> None:
    with pytest.raises(SourceGoneError):
        place.target.put(tmp_path / "nothing.parquet", KEY)


def test_a_stop_leaves_nothing_under_the_final_name(place: Place, source: Path) -> None:
    place.target.check()
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        place.target.put(source, KEY, stop)
    assert not any(name.endswith(KEY) for name in place.names())
    assert place.target.put(source, KEY).outcome is Outcome.UPLOADED


def test_an_object_is_there_or_not(place: Place, source: Path) -> None:
    assert not place.target.has(KEY)
    place.target.put(source, KEY)
    assert place.target.has(KEY)


def test_to_ask_whether_a_target_can_be_used_makes_nothing(place: Place) -> None:
    place.target.check()
    assert place.filesystem.exists(place.root) is False


def test_many_threads_may_put_at_once(place: Place, source: Path, tmp_path: Path) -> None:
    place.target.check()
    keys = [f"trades/exchange=binance/date=2026-11-23/trade-{n:019d}.parquet" for n in range(4)]
    threads = [threading.Thread(target=place.target.put, args=(source, key)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(place.read(key) == source.read_bytes() for key in keys)


def test_a_reader_finds_what_was_put_and_how_large_it_is(place: Place, source: Path) -> None:
    place.target.put(source, KEY)
    place.write("trades/_lake.json", b"no table")
    place.write("trades/.half.parquet", b"hidden")
    found = [
        (each.path, each.size, each.trouble) for each in place.reader.find(f"{place.reader.root}/trades")
    ]
    assert found == [(f"{place.reader.root}/{KEY}", SOURCE_BYTES, "")]


def test_a_reader_finds_nothing_where_nothing_is(place: Place) -> None:
    assert place.reader.find(f"{place.reader.root}/trades") == []


def test_a_reader_gives_any_part_of_a_file(place: Place, source: Path) -> None:
    place.target.put(source, KEY)
    content = source.read_bytes()
    with place.reader.open(f"{place.reader.root}/{KEY}", KEY) as file:
        assert file.read(10) == content[:10]
        assert file.seek(-17, os.SEEK_END) == SOURCE_BYTES - 17
        assert file.read() == content[-17:]
        assert file.tell() == SOURCE_BYTES


def test_a_file_that_is_not_there_is_said_to_be_gone(place: Place, source: Path) -> None:
    place.target.put(source, KEY)
    with pytest.raises(FileNotFoundError):
        place.reader.open(f"{place.reader.root}/{KEY}.not", KEY)


@pytest.fixture
def disk_with_room_for_a_megabyte() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_named_and_keeps_no_partial_file(
    source: Path, tmp_path: Path, disk_with_room_for_a_megabyte: None
) -> None:
    target = open_target(StorageSettings(target=str(tmp_path / "lake")))
    with pytest.raises(TargetError, match="Make room") as caught:
        target.put(source, KEY)
    assert caught.value.kind is TargetErrorKind.NO_SPACE
    assert not [path for path in (tmp_path / "lake").rglob("*") if path.is_file()]


def test_what_a_kill_left_aside_is_overwritten(source: Path, tmp_path: Path) -> None:
    target = open_target(StorageSettings(target=str(tmp_path / "lake")))
    aside = (tmp_path / "lake" / KEY).with_name(f".{Path(KEY).name}.part")
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"half of it")
    target.put(source, KEY)
    assert [path.name for path in aside.parent.iterdir()] == [Path(KEY).name]


def test_a_file_where_the_lake_should_be_is_named(source: Path, tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    target = open_target(StorageSettings(target=str(tmp_path / "lake")))
    with pytest.raises(TargetError) as caught:
        target.check()
    assert str(tmp_path / "lake") in str(caught.value)


def test_an_unknown_kind_of_url_is_refused_with_a_remedy() -> None:
    with pytest.raises(TargetError) as caught:
        open_target(StorageSettings(target="teleport://user:hunter2@lake"))
    assert caught.value.kind is TargetErrorKind.SETTINGS
    assert "hunter2" not in str(caught.value)
