"""A store's answers while a lake is read: what goes wrong is told in our words, never in the store's.

A store's own text may repeat parts of a request, and with it credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .errors import TargetError, TargetErrorKind, from_os_error
from .filesystems import is_s3

__all__ = ["StoreFile", "told"]

_T = TypeVar("_T")


def told(error: Exception, url: str, place: str) -> TargetError:
    """What an error of a filesystem's driver means."""
    if is_s3(url):
        from .s3_errors import from_s3_error

        # The driver makes Python's own errors of the client's, with the store's text in them.
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        return from_s3_error(cause, url, url, place)
    if isinstance(error, OSError):
        return from_os_error(error, url, place)
    problem = f"the driver failed with {type(error).__name__}"
    return TargetError(TargetErrorKind.REFUSED, url, problem, "Check the URL and the driver's configuration.")


class StoreFile:
    """An open file of a store, for Arrow to read. Raises `TargetError`, or `FileNotFoundError`."""

    def __init__(self, filesystem: Any, path: str, url: str, place: str) -> None:  # noqa: ANN401 - untyped
        self._url, self._place = url, place
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

    def __enter__(self) -> StoreFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except FileNotFoundError:
            raise FileNotFoundError(self._place) from None
        except Exception as error:  # drivers raise what their libraries raise
            raise told(error, self._url, self._place) from None
