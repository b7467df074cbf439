"""The order book of any moment, as a value and as a question to a lake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ...storage.settings import StorageSettings
from ..reader import Lake, open_lake
from .search import BookAt, BookSearch

__all__ = ["book_at", "moment"]


def book_at(
    root: str | Path | Lake,
    exchange: str,
    symbol: str,
    at: datetime | int | str,
    *,
    channel: str | None = None,
    depth: int | None = None,
) -> BookAt:
    """The book of a symbol after the last message that was received by ``at``.

    ``root`` is a lake's URL or folder, or a data directory. ``at`` is in the recorder's time
    (``local_timestamp``): a datetime, UTC ns, or ISO 8601; UTC if it names no zone. ``depth``: the most
    levels per side (None: all). ``channel``: needed where the exchange has several channels of books.
    Raises `NoBookError` if the book is not known, `TargetError` if there is no lake, and
    `DamagedFileError` if a file that is needed is damaged.
    """
    lake = root if isinstance(root, Lake) else open_lake(StorageSettings(target=str(root)))
    return BookSearch(lake, exchange, symbol, moment(at), channel).find(depth)


def moment(at: datetime | int | str) -> int:
    """A time as UTC ns. Raises `ValueError` for a text that is no time."""
    if isinstance(at, int):
        return at
    fraction = 0
    if isinstance(at, str):
        at, fraction = _parsed(at)
    zoned = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000 + fraction


def _parsed(text: str) -> tuple[datetime, int]:
    """A datetime in whole seconds, and the ns on top; a datetime itself stops at microseconds."""
    head, point, rest = text.strip().partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :]
    if point and not 1 <= len(digits) <= 9:
        raise ValueError(f"expected up to nine digits of a second, got {text!r}")
    try:
        seconds = datetime.fromisoformat(head + zone)
    except ValueError:
        raise ValueError(f"expected a time in ISO 8601, got {text!r}") from None
    return seconds, int(digits.ljust(9, "0")) if digits else 0
