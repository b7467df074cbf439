"""`daedalus decode`: from recorded messages to the rows of the tables, as JSON lines.

Each message decodes on its own: nothing is sorted, no duplicates are removed, no gaps are looked for.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from ..exchanges.model import Data, Exchange, Header, Unknown
from ..exchanges.reading import UNREADABLE
from ..shown import shown, shown_json
from ..store.raw import RawKind
from ..tables.registry import TABLES, table_of
from ..tables.rows import BookUpdate, Instrument, Row
from .decode import SOURCES, Message, Undecodable, decode
from .raw_file import NoRawFileError, is_raw, raw_records
from .recorded_lines import Recorded, lines_of, read_line

__all__ = ["decode_file", "decode_lines"]


def decode_lines(
    exchange: Exchange, lines: Iterable[bytes], skipped: Counter[str] | None = None
) -> Iterator[dict[str, object]]:
    """The rows of recorded messages, in their order; times are integers, UTC ns.

    Each has ``table``, ``exchange`` and the table's columns. Lines without a row are counted in
    ``skipped`` by their kind: unknown, malformed, undecodable, reply, notice, heartbeat, no message. Rows
    of a symbol that cannot be recorded (`Exchange.refuses`) are counted under its name.
    """
    counts: Counter[str] = Counter() if skipped is None else skipped
    classify = exchange.messages.reader()  # some messages can only be read in the light of those before
    for line in lines:
        recorded = read_line(line)
        if recorded is None:
            counts["no message" if line.strip() else "blank"] += 1
            continue
        is_answer = recorded.url is not None
        header = _answer_header(exchange, recorded) if is_answer else classify(recorded.payload)
        if not isinstance(header, Data):
            counts[header.kind] += 1
            continue
        normalize = exchange.rest.normalize_snapshot if is_answer else exchange.messages.normalize
        try:
            rows = normalize(header, recorded.payload)
        except UNREADABLE:
            counts["undecodable"] += 1
            continue
        for row in _recordable(exchange, rows, counts):
            yield from _lines(exchange.name, row, recorded.recv_ns)


def decode_file(exchange: Exchange, source: Path | None, output: BinaryIO | None = None) -> Counter[str]:
    """Print the rows of a file (None: of stdin) as JSON lines, and on stderr what gave no row.

    The file holds lines, or is one of the recorder's raw files. Raises `OSError` if it cannot be read,
    `NoRawFileError` if it is a Parquet file and no raw one, `EOFError` if it is gzipped and cut short.
    """
    output = output or sys.stdout.buffer
    counts: Counter[str] = Counter()
    encode = msgspec.json.Encoder().encode
    with nullcontext(sys.stdin.buffer) if source is None else open(source, "rb") as stream:
        if is_raw(cast("BufferedReader", stream).peek(8)):
            if source is None:
                raise NoRawFileError("stdin holds a raw file. Give its name instead.")
            rows = decode_raw(exchange, source, counts)
        else:
            rows = decode_lines(exchange, lines_of(stream), counts)
        for row in rows:
            counts["rows"] += 1
            output.write(shown_json(encode(row).decode()).encode() + b"\n")
    output.flush()
    silent = ("blank", "rows")
    if told := ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()) if kind not in silent):
        print(shown(f"gave no row: {told}"), file=sys.stderr)
    return counts


def decode_raw(exchange: Exchange, path: Path, skipped: Counter[str]) -> Iterator[dict[str, object]]:
    """`decode_lines` for a raw file. Rows that two connections delivered come twice."""
    for record in raw_records(path):
        if record.kind not in SOURCES and record.kind != RawKind.INSTRUMENTS:
            skipped["note of the recorder"] += 1
            continue
        content = decode(exchange, record)
        if isinstance(content, Undecodable):
            skipped[content.kind] += 1
            continue
        rows = content.rows if isinstance(content, Message) else content.listed
        source = SOURCES.get(record.kind, "stream")
        for row in _recordable(exchange, rows, skipped):
            yield from _lines(exchange.name, row, record.recv_ns, source)


_MOST_NAMES = 20


def _recordable(
    exchange: Exchange, rows: Iterable[Row | Instrument], counts: Counter[str]
) -> Iterator[Row | Instrument]:
    """The rows without those of symbols that cannot be recorded."""
    for row in rows:
        if not isinstance(row, Instrument) and exchange.requests.refuses(row.symbol):
            counts[_refused(row.symbol, counts)] += 1
        else:
            yield row


def _refused(symbol: str, counts: Counter[str]) -> str:
    """The name under which rows of a refused symbol are counted; one for all beyond a bound."""
    name = f"of {symbol}, which is not recorded"
    if name in counts or sum(key.startswith("of ") for key in counts) < _MOST_NAMES:
        return name
    return "of others that are not recorded"


def _answer_header(exchange: Exchange, recorded: Recorded) -> Header:
    """The header of an answer over REST, which is a book where its address names a symbol."""
    try:
        symbol = parse_qs(urlsplit(recorded.url or "").query).get("symbol")
    except ValueError:  # no address at all
        symbol = None
    if not symbol:
        return Unknown()
    return exchange.rest.classify_snapshot(exchange.requests.symbol(symbol[0]), recorded.payload)


def _lines(
    exchange: str, row: Row | Instrument, recv_ns: int, source: str = "stream"
) -> Iterator[dict[str, object]]:
    """The lines of one row, with the columns of its table in their order."""
    table = table_of(row)
    when = None if isinstance(row, Instrument) else row.timestamp
    timestamp = recv_ns if when is None else when
    common: dict[str, object] = {
        "table": table,
        "exchange": exchange,
        "symbol": row.symbol,
        "timestamp": timestamp,
        "local_timestamp": recv_ns,
    }
    if isinstance(row, BookUpdate):
        ids = {"first_id": row.first_id, "last_id": row.last_id}
        for side, levels in (("bid", row.bids), ("ask", row.asks)):
            for price, amount in levels:
                level = {"is_snapshot": row.is_snapshot, "side": side, "price": price, "amount": amount}
                yield {**common, **level, **ids}
        if row.is_snapshot and not row.bids and not row.asks:  # the book is empty from here on
            yield {**common, "is_snapshot": True, "side": None, "price": None, "amount": None, **ids}
        return
    names = [name for name in TABLES[table].schema.names if name not in common]
    yield common | {name: source if name == "source" else getattr(row, name) for name in names}
