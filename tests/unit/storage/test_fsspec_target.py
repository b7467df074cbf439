"""A driver whose library fails in its own way, with a secret in its words: none of it is told."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, cast

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from daedalus.storage import StorageSettings, TargetError, TargetErrorKind, open_reader, open_target

SECRET = "hunter2"
SETTINGS = StorageSettings(target=f"failing://me:{SECRET}@host/lake")


class LibraryError(Exception):
    pass


class Failing(MemoryFileSystem):
    """Everything that is asked of it fails with ``error``."""

    protocol = "failing"
    error: ClassVar[Exception] = LibraryError(f"signed with {SECRET}")

    def exists(self, path: str, **_: object) -> bool:
        raise self.error

    def find(self, path: str, **_: object) -> dict[str, object]:
        raise self.error

    def open(self, path: str, *_: object, **__: object) -> object:
        raise self.error


@pytest.fixture(
    autouse=True,
    params=[
        (LibraryError(f"signed with {SECRET}"), TargetErrorKind.REFUSED),
        (OSError(errno.EACCES, f"denied for {SECRET}"), TargetErrorKind.DENIED),
        (ConnectionError(f"lost {SECRET}"), TargetErrorKind.UNREACHABLE),
    ],
    ids=["library", "denied", "lost"],
)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TargetErrorKind:
    fsspec.register_implementation("failing", Failing, clobber=True)
    error, kind = cast(tuple[Exception, TargetErrorKind], request.param)
    monkeypatch.setattr(Failing, "error", error)
    return kind


@pytest.mark.parametrize(
    "ask",
    [
        lambda path: open_target(SETTINGS).check(),
        lambda path: open_target(SETTINGS).put(path, "a.parquet"),
        lambda path: open_target(SETTINGS).holds(path, "a.parquet"),
        lambda path: open_reader(SETTINGS).find("/lake"),
        lambda path: open_reader(SETTINGS).open("/lake/a.parquet", "a.parquet"),
    ],
    ids=["check", "put", "holds", "find", "open"],
)
def test_what_a_driver_says_is_told_in_our_words(
    ask: Callable[[Path], object], kind: TargetErrorKind, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"x")
    with pytest.raises(TargetError) as told:
        ask(path)
    assert told.value.kind is kind
    assert SECRET not in f"{told.value} {told.value!r}"
