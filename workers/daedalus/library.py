"""What `import daedalus` offers: a lake opened, audited, its books rebuilt; recorded messages decoded.

The functions stand here, where they may import what they need; the package's top level fetches them when
they are asked for. docs/library.md tells what of them stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from os import PathLike, fspath

from .exchanges import EXCHANGES
from .exchanges.model import Exchange
from .lake import Lake, open_lake
from .lake.audit import Finding, Question, Report, StreamDay, UnknownNameError, Verdict
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
    """A lake, to be read: a folder, ``s3://bucket/path``, any fsspec URL, or a recorder's ``data_dir``.

    Of S3: ``key`` and ``secret`` (None: the usual chain of environment, ``~/.aws``, instance role),
    ``endpoint`` the URL of a store that is not AWS. Nothing is read before something is asked.
    Raises `TargetError` where there is no such folder, or no driver for such a URL.
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
    """Prove what is complete in a lake, as `daedalus audit` does. Every file in question is read whole.

    ``since`` and ``until`` are UTC days, inclusive (``YYYY-MM-DD`` or a date); ``books``: rebuild books too
    and compare their digests. ``Report.sound`` is False where anything is wrong, and ``Report.findings`` says
    what.
    Raises `UnknownNameError`, `TargetError`, and `ValueError` for a day that is none.
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
    """The order book as it was known at ``at``: after the last message that had come by then.

    ``at``: a datetime, UTC ns, or ISO 8601 down to ns; UTC where it names no zone. ``depth``: so many levels
    of each side (None: all). Raises `NoBookError` where no book may be believed, `UnknownNameError`,
    `TargetError`, `DamagedFileError`, and `ValueError` for a time that is none.
    """
    spelled = _exchange(exchange).symbol(symbol)
    return _book_at(_opened(lake), exchange, spelled, at, channel=channel, depth=depth)


def decode(
    exchange: str, lines: Iterable[bytes | str], passed_over: Counter[str] | None = None
) -> Iterator[dict[str, object]]:
    """The rows of recorded messages, one message a line, in their order; times are integers, UTC ns.

    A line is ``1618677817.06: {...}`` (seconds), ``1723161253937085768 {...}`` (ns), or
    ``{"recv_ns": ..., "payload": ...}``. A row has ``table``, ``exchange`` and that table's columns. What
    gives no row is counted in ``passed_over`` by its kind. Raises `UnknownNameError` for an exchange that is
    not known.
    """
    encoded = (line.encode() if isinstance(line, str) else line for line in lines)
    return decode_lines(_exchange(exchange), encoded, passed_over)


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
