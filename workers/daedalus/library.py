"""What `import daedalus` offers: open a lake, audit it, rebuild its books; decode recorded messages.

The package's top level imports this module when one of its names is first used. docs/library.md says what of
it is stable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from os import PathLike, fspath

from .exchanges import EXCHANGES
from .exchanges.model import Exchange
from .lake import Lake, open_lake
from .lake.audit import Finding, Question, Report, StreamDay, Total, UnknownNameError, Verdict
from .lake.audit import audit as _audit
from .lake.books import BookAt
from .lake.books import book_at as _book_at
from .normalize.decode_file import decode_lines
from .storage.settings import StorageSettings

__all__ = [
    "BookAt",
    "Finding",
    "Lake",
    "Report",
    "StreamDay",
    "Total",
    "Verdict",
    "audit",
    "book_at",
    "decode",
    "open",
]


def open(
    where: str | PathLike[str],
    *,
    key: str | None = None,
    secret: str | None = None,
    endpoint: str | None = None,
    region: str | None = None,
) -> Lake:
    """Open a lake for reading: a folder, ``s3://bucket/path``, any fsspec URL, or a recorder's ``data_dir``.

    For S3: ``key`` and ``secret`` (None: the usual chain of environment, ``~/.aws`` and instance role), and
    ``endpoint``, the URL of a store other than AWS. Nothing is read until a function asks for it. Raises
    `TargetError` if there is no such folder, or no driver for such a URL.
    """
    settings = StorageSettings(
        target=fspath(where), endpoint_url=endpoint, access_key=key, secret_key=secret, region=region
    )
    return open_lake(settings)


def audit(
    lake: Lake | str | PathLike[str],
    *,
    since: date | str | None = None,
    until: date | str | None = None,
    exchange: str | None = None,
    channel: str | None = None,
    symbol: str | None = None,
    books: bool = True,
) -> Report:
    """Prove what is complete in a lake, as ``daedalus audit`` does. Every matching file is read whole.

    ``lake``: from `open`, or what `open` takes. ``since`` and ``until``: UTC days, inclusive (``YYYY-MM-DD``
    or a date). ``books``: also rebuild books and compare their digests. ``Report.sound`` is False if
    something is wrong; ``Report.findings`` says what. Raises `UnknownNameError`, `TargetError`, and
    `ValueError` for text that is not a day.
    """
    question = Question(_day(since), _day(until), exchange, channel, symbol, books)
    return _audit(_opened(lake), question)


def book_at(
    lake: Lake | str | PathLike[str],
    exchange: str,
    symbol: str,
    at: datetime | int | str,
    *,
    channel: str | None = None,
    depth: int | None = None,
) -> BookAt:
    """The order book as it was known at ``at``: after the last message received by then.

    ``lake``: from `open`, or what `open` takes. ``at``: a datetime, UTC ns, or ISO 8601 down to ns; UTC if
    it names no zone. ``channel``: needed only where the exchange has several channels of books. ``depth``:
    the most levels per side (None: all). Raises `NoBookError` if the book is not known, `UnknownNameError`
    for the exchange, `TargetError`, `DamagedFileError`, and `ValueError` for text that is not a time.
    """
    spelled = _exchange(exchange).requests.symbol(symbol)
    return _book_at(_opened(lake), exchange, spelled, at, channel=channel, depth=depth)


def decode(
    exchange: str, lines: Iterable[bytes | str], *, skipped: Counter[str] | None = None
) -> Iterator[dict[str, object]]:
    """The rows of recorded messages, one message per line, in their order. Times are integers, UTC ns.

    A line is ``1618677817.06: {...}`` (seconds), ``1723161253937085768 {...}`` (ns), or
    ``{"recv_ns": ..., "payload": ...}``. A row has ``table``, ``exchange`` and the columns of its table.
    ``skipped`` counts messages without a row, by kind. Raises `UnknownNameError` for the exchange.
    """
    encoded = (line.encode() if isinstance(line, str) else line for line in lines)
    return decode_lines(_exchange(exchange), encoded, skipped)


def _opened(lake: Lake | str | PathLike[str]) -> Lake:
    return lake if isinstance(lake, Lake) else open(lake)


def _exchange(exchange: str) -> Exchange:
    if exchange not in EXCHANGES:
        raise UnknownNameError("exchange", exchange, EXCHANGES)
    return EXCHANGES[exchange]


def _day(day: date | str | None) -> str | None:
    if day is None:
        return None
    try:
        return (date.fromisoformat(day) if isinstance(day, str) else day).isoformat()[:10]
    except ValueError:
        raise ValueError(f"expected a day as YYYY-MM-DD, got {day!r}") from None
