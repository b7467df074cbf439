"""A small recorder for tests: raw rows in memory, sealed segments on disk."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.normalize.checkpoint import Checkpoint
from daedalus.normalize.pipeline import Pipeline
from daedalus.store.layout import READY, Layout, Partition, SegmentId
from daedalus.store.raw import DAMAGE, RAW_SCHEMA, RawKind, RawRecord

SECOND = 1_000_000_000
BEGIN = 1_790_000_000 * SECOND
CONN = "20260921T140640000000-0"


class Tape:
    """Raw rows of one partition. Times are seconds after `BEGIN`."""

    def __init__(self, exchange: str, channel: str) -> None:
        self.exchange, self.channel = exchange, channel
        self.rows: list[RawRecord] = []
        self._said: dict[tuple[str, int], float] = {}

    def add(self, kind: RawKind, at: float, payload: bytes, symbol: str = "A", conn: str = CONN) -> None:
        ns = BEGIN + int(at * SECOND)
        self.rows.append(RawRecord(ns, conn, len(self.rows), kind.value, self.channel, symbol, payload))

    def note(self, kind: RawKind, at: float, conn: str = CONN, **content: object) -> None:
        self.add(kind, at, json.dumps(content).encode(), conn=conn)

    def subscribed(self, at: float, cause: str, conn: str = CONN, since: float | None = None) -> None:
        """As older recorders wrote it: being asked counts as being served."""
        since_ns = None if since is None else BEGIN + int(since * SECOND)
        self.note(RawKind.SUBSCRIBED, at, conn, cause=cause, since_ns=since_ns)

    def asked(self, at: float, cause: str, conn: str = CONN, since: float | None = None) -> None:
        since_ns = None if since is None else BEGIN + int(since * SECOND)
        self.note(RawKind.SUBSCRIBED, at, conn, cause=cause, since_ns=since_ns, served=False)

    def fell_silent(self, at: float, heard: float, conn: str = CONN) -> None:
        self.unsubscribed(at, "silence", conn, heard=heard, silent=True)
        self.note(RawKind.SUBSCRIBED, at, conn, cause="silence", since_ns=None, served=False, silent=True)

    def served(self, at: float, conn: str = CONN) -> None:
        self.note(RawKind.SERVED, at, conn, by="answer")

    def unsubscribed(
        self, at: float, cause: str, conn: str = CONN, heard: float | None = None, **more: object
    ) -> None:
        if heard is not None:
            more["heard_ns"] = BEGIN + int(heard * SECOND)
        self.note(RawKind.UNSUBSCRIBED, at, conn, cause=cause, **more)

    def message(self, at: float, payload: bytes, conn: str = CONN) -> None:
        symbol = getattr(EXCHANGES[self.exchange].messages.classify(payload), "symbol", "")
        self.add(RawKind.MESSAGE, at, payload, symbol, conn)

    def trade(
        self, at: float, number: int, symbol: str = "A", conn: str = CONN, exchange_at: float | None = None
    ) -> None:
        """A trade; a repeated one has the same time, unless ``exchange_at`` (seconds) says another."""
        said = self._said.setdefault((symbol, number), at) if exchange_at is None else exchange_at
        when = (BEGIN + int(said * SECOND)) // 1_000_000
        data = {"e": "trade", "E": when, "s": symbol, "t": number, "p": "1.5", "q": "2", "T": when, "m": True}
        text = json.dumps({"stream": f"{symbol.lower()}@trade", "data": data}, separators=(",", ":"))
        self.message(at, text.encode(), conn)

    def depth(self, at: float, first: int, last: int, symbol: str = "A") -> None:
        when = (BEGIN + int(at * SECOND)) // 1_000_000
        data = {
            "e": "depthUpdate",
            "E": when,
            "s": symbol,
            "U": first,
            "u": last,
            "b": [["1", "2"]],
            "a": [["3", "0"]],
        }
        text = json.dumps({"stream": f"{symbol.lower()}@depth@100ms", "data": data}, separators=(",", ":"))
        self.message(at, text.encode())

    def snapshot(self, at: float, last: int, symbol: str = "A") -> None:
        body = json.dumps({"lastUpdateId": last, "bids": [["1", "9"]], "asks": []}).encode()
        self.add(RawKind.SNAPSHOT, at, body, symbol)

    def ticker(self, at: float, number: int, conn: str = CONN) -> None:
        text = {"type": "ticker", "sequence": number, "product_id": "A", "best_bid": "1", "best_ask": "2"}
        self.message(at, json.dumps(text).encode(), conn)

    def split(self, at: int) -> tuple[Tape, Tape]:
        first, second = Tape(self.exchange, self.channel), Tape(self.exchange, self.channel)
        first.rows, second.rows = self.rows[:at], self.rows[at:]
        return first, second

    def seal(self, layout: Layout, number: int, damage: Iterable[int] = ()) -> SegmentId:
        """Write the rows as a sealed segment in raw/ready; ``damage``: rows before which others were lost."""
        segment = SegmentId(Partition(self.exchange, self.channel), number)
        path = layout.raw(READY) / segment.sealed_path
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = [[getattr(row, name) for row in self.rows] for name in RAW_SCHEMA.names]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, RAW_SCHEMA, strict=True)]
        with pq.ParquetWriter(path, RAW_SCHEMA, write_page_checksum=True) as writer:
            writer.write_table(pa.Table.from_arrays(arrays, schema=RAW_SCHEMA))
            if damage:
                writer.add_key_value_metadata({DAMAGE: json.dumps(list(damage))})
        return segment


class Result:
    """What the pipeline made of a tape."""

    def __init__(self, tape: Tape, checkpoint: Checkpoint | None = None) -> None:
        pipeline = Pipeline(EXCHANGES[tape.exchange], tape.channel, checkpoint or Checkpoint(), io.BytesIO())
        pipeline.feed(tape.rows)
        self.tables: dict[str, list[dict[str, object]]] = {}
        self.dates: list[tuple[str, str]] = pipeline.files()
        for table, date in self.dates:
            content = pa.Table.from_batches(list(pipeline.batches(table, date)))
            kinds = [
                pa.int64() if pa.types.is_timestamp(field.type) else field.type for field in content.schema
            ]
            in_ns = content.cast(pa.schema(list(zip(content.schema.names, kinds, strict=True))))
            self.tables.setdefault(table, []).extend(in_ns.to_pylist())
        self.counts = pipeline.counts
        self.checkpoint = pipeline.checkpoint()

    def ids(self) -> list[object]:
        return [line["id"] for line in self.tables.get("trades", [])]

    def gaps(self) -> list[tuple[object, ...]]:
        """(from second, to second, from_id, to_id, missing, cause)."""

        def seconds(value: Any) -> float:
            return (value - BEGIN) / SECOND

        return [
            (
                seconds(gap["from_timestamp"]),
                seconds(gap["to_timestamp"]),
                gap["from_id"],
                gap["to_id"],
                gap["missing"],
                gap["cause"],
            )
            for gap in self.tables.get("gaps", [])
        ]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def tape() -> type[Tape]:
    return Tape


@pytest.fixture
def transformed() -> type[Result]:
    return Result


@pytest.fixture
def trades() -> Callable[[Iterable[int]], Tape]:
    """Trades of one symbol with these ids, one received per second; the exchange's times follow the ids."""

    def build(numbers: Iterable[int]) -> Tape:
        tape = Tape("binance", "trade")
        for at, number in enumerate(numbers):
            tape.trade(at, number, exchange_at=number / 1000)
        return tape

    return build


@pytest.fixture
def content() -> Callable[[Path], dict[str, bytes]]:
    """Every file's content by its path below a folder."""

    def read(root: Path) -> dict[str, bytes]:
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    return read
