"""Reading through an fsspec driver.

Errors are in our words, never in the store's, whose text may repeat parts of a request and so credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .errors import TargetError, from_driver_error
from .reader import Found

__all__ = ["FsspecReader"]

_T = TypeVar("_T")


class FsspecReader:
    """A `Reader` of any fsspec filesystem. ``url``: its name in errors."""

    def __init__(self, url: str, filesystem: Any, root: str) -> None:  # noqa: ANN401 - fsspec has no types
        self.url = url
        self.root = root
        self._filesystem = filesystem

    def find(self, folder: str) -> list[Found]:
        try:
            listed = self._filesystem.find(folder, detail=True)
        except FileNotFoundError as error:
            if error.__cause__ is None:
                return []
            raise self._target_error(error, "a listing") from None  # the bucket is missing, not the folder
        except Exception as error:  # drivers raise what their libraries raise
            raise self._target_error(error, "a listing") from None
        return [
            Found(path, int(about["size"] or 0))
            for path, about in sorted(listed.items())
            if path.endswith(".parquet") and not path.rpartition("/")[2].startswith(".")
        ]

    def open(self, path: str, name: str) -> _File:
        return _File(self._filesystem, path, name, self._target_error)

    def _target_error(self, error: Exception, place: str) -> TargetError:
        """An error of the driver as a `TargetError`."""
        return from_driver_error(error, self.url, place)


class _File:
    """An open file of a driver, as Arrow reads it."""

    def __init__(
        self,
        filesystem: Any,  # noqa: ANN401 - fsspec has no types
        path: str,
        name: str,
        target_error: Callable[[Exception, str], TargetError],
    ) -> None:
        self._name, self._target_error = name, target_error
        self._file: Any = self._ask(lambda: filesystem.open(path, "rb"))

    def read(self, size: int = -1) -> bytes:
        return self._ask(lambda: bytes(self._file.read(size)))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._ask(lambda: int(self._file.seek(offset, whence)))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except FileNotFoundError:
            raise FileNotFoundError(self._name) from None
        except Exception as error:  # drivers raise what their libraries raise
            raise self._target_error(error, self._name) from None
