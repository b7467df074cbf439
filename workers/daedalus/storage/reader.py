"""What a reader is: a place whose Parquet files are listed and opened, wherever they lie."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

__all__ = ["Found", "Reader"]


class Found(Struct, frozen=True):
    """One entry of a listing. ``trouble``: why it cannot be looked at, "" for a plain file."""

    path: str
    size: int
    trouble: str = ""


class Reader(Protocol):
    """A place for files, to read from. A path is the place's own: `root`, or something below it."""

    @property
    def url(self) -> str:
        """The place as it may be shown: without credentials."""

    @property
    def root(self) -> str:
        """The path that all others lie below."""

    def find(self, folder: str) -> list[Found]:
        """The Parquet files below a folder, by path; none where there is no such folder.

        Raises `TargetError`.
        """

    def open(self, path: str, name: str) -> Any:  # noqa: ANN401 - a file of Python's, or one like it
        """A file for Arrow to read. ``name`` is what errors call it.

        Raises `TargetError`, or `FileNotFoundError` where it is not there.
        """
