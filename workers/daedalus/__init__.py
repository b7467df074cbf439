"""Daedalus records crypto market data around the clock and proves what is complete.

As a library it reads a lake back:

    >>> import daedalus
    >>> lake = daedalus.open("s3://bucket/lake")
    >>> daedalus.audit(lake, since="2026-11-01").sound
    >>> daedalus.book_at(lake, "binance", "BTCUSDT", "2026-11-23T12:00:00Z").bids[0]
    >>> rows = daedalus.decode("okx", lines)

The names in ``__all__`` are public and stable as docs/library.md promises; anything else may change in any
version. A name is imported when it is first used, so that the recorder's own processes, which use none, need
neither the time nor the memory for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import DaedalusError
    from .lake.audit import UnknownNameError
    from .lake.books import NoBookError
    from .lake.table_file import AlteredFileError, DamagedFileError
    from .library import (
        BookAt,
        Finding,
        Lake,
        Report,
        StreamDay,
        Total,
        Verdict,
        audit,
        book_at,
        decode,
        open,
    )
    from .storage.errors import TargetError, TargetErrorKind

__all__ = [
    "AlteredFileError",
    "BookAt",
    "DaedalusError",
    "DamagedFileError",
    "Finding",
    "Lake",
    "NoBookError",
    "Report",
    "StreamDay",
    "TargetError",
    "TargetErrorKind",
    "Total",
    "UnknownNameError",
    "Verdict",
    "__version__",
    "audit",
    "book_at",
    "decode",
    "open",
]

__version__ = "0.2.0"

_HOME = {
    "AlteredFileError": "lake.table_file",
    "DaedalusError": "errors",
    "DamagedFileError": "lake.table_file",
    "NoBookError": "lake.books",
    "TargetError": "storage.errors",
    "TargetErrorKind": "storage.errors",
    "UnknownNameError": "lake.audit",
}
"""The module of a name that is not in `library`."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME.get(name, 'library')}", __name__), name)
    globals()[name] = value  # found without this function from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
