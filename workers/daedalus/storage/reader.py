"""`Reader`: a place whose Parquet files can be listed and opened."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

__all__ = ["Found", "Reader"]


class Found(Struct, frozen=True):
    """One entry of a listing. ``trouble``: why it cannot be read, "" for a readable file. ``size``: bytes."""

    path: str
    size: int
    trouble: str = ""


class Reader(Protocol):
    """A place to read files from. Paths are the place's own: `root`, or below it."""

    @property
    def url(self) -> str:
        """The place's URL without credentials."""

    @property
    def root(self) -> str:
        """The path above all others."""

    def find(self, folder: str) -> list[Found]:
        """The Parquet files below a folder, by path; none if there is no such folder.

        Raises `TargetError`.
        """

    def open(self, path: str, name: str) -> Any:  # noqa: ANN401 - a file of Python's, or one like it
        """A file for Arrow to read. ``name``: its name in errors.

        Raises `FileNotFoundError` if there is none, and `TargetError`.
        """
