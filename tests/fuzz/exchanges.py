"""Whatever an exchange sends, as a message or as an answer over REST, becomes rows or is counted."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable

import msgspec
import pyarrow as pa

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import BookCheck, Data, Exchange, Header, Heartbeat, Malformed, Unknown
from daedalus.exchanges.reading import UNREADABLE
from daedalus.normalize.checkpoint import Checkpoint
from daedalus.normalize.pipeline import Pipeline
from daedalus.store.raw import RawKind, RawRecord
from daedalus.tables.registry import TABLES
from daedalus.tables.rows import Instrument, Row

BEGIN = 1_790_000_000_000_000_000
STEP_NS = 25_000_000_000  # three messages cross a minute, at whose end a book leaves its digest
CONN = "20260921T140640000000-0"
SYMBOL = "A"
MOST_LINES = 12


def exchange_reader(name: str) -> Callable[[bytes], None]:
    """Reads an input as messages of one connection, one a line, and as the answer to each kind of request."""
    exchange = EXCHANGES[name]

    def read(data: bytes) -> None:
        lines = data.split(b"\n")[:MOST_LINES]
        records = [*read_messages(exchange, lines), *read_answer(exchange, data)]
        for channel in dict.fromkeys(record.channel for record in records):
            to_tables(exchange, channel, [record for record in records if record.channel == channel])

    return read


def read_messages(exchange: Exchange, lines: Iterable[bytes]) -> list[RawRecord]:
    """What the recorder would store of messages, once they were followed as it follows them."""
    classify = exchange.messages.reader()
    followed = Continuity(exchange.channels)
    checks: dict[tuple[str, str], BookCheck | None] = {}
    stored: list[RawRecord] = []
    for place, line in enumerate(lines):
        header = classify(line)
        _sound(header)
        if isinstance(header, Heartbeat) and (last := header.announces) is not None:
            followed.announced(last.channel, header.symbol, last.last, BEGIN + place)
        if not isinstance(header, Data):
            continue
        for part in (header, *header.more):
            followed.observe(part, BEGIN + place)
        about = exchange.channels[header.channel]
        if about.snapshot == "stream":
            _checked(exchange, checks, header, line)
        record = _record(RawKind.MESSAGE, header.channel, header.symbol, line, place)
        stored.append(record)
        assert exchange.messages.classify_stored(header.channel, header.symbol, line) == header
        exchange.messages.identity(header, line)
        rows = _readable(lambda header=header, line=line: exchange.messages.normalize(header, line))
        assert {row.symbol for row in rows} <= {part.symbol for part in (header, *header.more)}
    return stored


def read_answer(exchange: Exchange, body: bytes) -> list[RawRecord]:
    """What would be stored of it as the answer to each kind of request."""
    stored: list[RawRecord] = []
    header = exchange.rest.classify_snapshot(SYMBOL, body)
    _sound(header)
    if isinstance(header, Data):
        _readable(lambda: exchange.rest.normalize_snapshot(header, body))
        stored.append(_record(RawKind.SNAPSHOT, header.channel, SYMBOL, body, 20))
    for channel in exchange.channels:
        found = exchange.rest.classify_backfill(channel, SYMBOL, body)
        _sound(found)
        assert isinstance(found, Data | Malformed | Unknown)
        if isinstance(found, Data):
            rows = _readable(lambda found=found: exchange.rest.normalize_backfill(found, body))
            assert all(row.symbol == SYMBOL for row in rows)
            stored.append(_record(RawKind.BACKFILL, channel, SYMBOL, body, 30))
    try:
        listed = exchange.rest.instruments(body)
    except UNREADABLE:
        listed = ()
    if listed:
        assert all(isinstance(each, Instrument) for each in listed)
        stored.append(_record(RawKind.INSTRUMENTS, "instruments", "", body, 40))
    return stored


def to_tables(exchange: Exchange, channel: str, records: list[RawRecord]) -> None:
    """As two segments: what the first leaves to the second must be fit to be written down and read."""
    checkpoint = Checkpoint()
    for _ in range(2):
        pipeline = Pipeline(exchange, channel, checkpoint, io.BytesIO())
        pipeline.feed(records)
        for table, date in pipeline.files():
            for batch in pipeline.batches(table, date):
                assert isinstance(batch, pa.RecordBatch)
                assert batch.schema.names == TABLES[table].schema.names
                batch.validate(full=True)
        written = msgspec.json.encode(pipeline.checkpoint())
        checkpoint = msgspec.json.decode(written, type=Checkpoint)
        assert msgspec.json.encode(checkpoint) == written


def _checked(
    exchange: Exchange, checks: dict[tuple[str, str], BookCheck | None], header: Data, line: bytes
) -> None:
    """Hold the book against the exchange's checksum, as the listener does, and go on from what was kept."""
    stream = header.channel, header.symbol
    if stream not in checks:
        checks[stream] = exchange.book_check(*stream)
    if (check := checks[stream]) is None:
        return
    check.apply(header, line)
    state = check.state()
    checks[stream] = again = exchange.book_check(*stream, state)
    assert again is not None
    assert again.state() == state


def _readable(read: Callable[[], Iterable[Row]]) -> list[Row]:
    try:
        rows = list(read())
    except UNREADABLE:
        return []
    for row in rows:
        row.symbol.encode()
        assert row.timestamp is None or 0 < row.timestamp < 2**63
        for name in ("price", "amount", "bid_price", "ask_price", "mark_price", "funding_rate"):
            value = getattr(row, name, None)
            assert value is None or math.isfinite(value), name
    return rows


def _sound(header: Header) -> None:
    """What every room takes for granted of a header."""
    assert isinstance(header, Header)
    if isinstance(header, Heartbeat):
        header.symbol.encode()
        (header.answer or "").encode()
        assert header.exchange_ns is None or 0 < header.exchange_ns < 2**63
        assert header.announces is None or -(2**63) <= header.announces.last < 2**62
    for part in (header, *header.more) if isinstance(header, Data) else ():
        part.symbol.encode()
        assert part.exchange_ns is None or 0 < part.exchange_ns < 2**63
        assert part.complete_from_ns is None or 0 < part.complete_from_ns < 2**63
        if part.ids is not None:
            assert -(2**63) <= part.ids.first <= part.ids.last < 2**62
            assert part.ids.previous is None or -(2**63) <= part.ids.previous < 2**63


def _record(kind: RawKind, channel: str, symbol: str, payload: bytes, place: int) -> RawRecord:
    return RawRecord(BEGIN + place * STEP_NS, CONN, place, kind.value, channel, symbol, payload)
