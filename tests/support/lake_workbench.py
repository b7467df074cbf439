"""What the tests of reading back share: a market that is recorded raw, normalized, and laid into a lake."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daedalus.lake import open_lake
from daedalus.lake.audit import Question, Report, StreamDay, audit
from daedalus.normalize.rounds import normalize_ready
from daedalus.storage import StorageSettings
from daedalus.store.layout import READY, Layout, Partition, SegmentId
from daedalus.store.raw import RAW_SCHEMA, RawKind, RawRecord

__all__ = ["BEGIN", "CONN", "DAY", "SECOND", "Recording", "audited", "files", "rewrite", "stream"]

SECOND = 1_000_000_000
DAY = 86_400
BEGIN = 1_790_035_200 * SECOND  # 2026-09-22T00:00:00Z
CONN = "20260922T000000000000-0"


class Recording:
    """Raw rows, channel by channel, and the lake they become. Times are seconds after `BEGIN`.

    The messages that it can make up are Binance's.
    """

    def __init__(self, directory: Path, late: float = 0.005, exchange: str = "binance") -> None:
        self.exchange = exchange
        self.layout = Layout(directory / "data")
        self.lake = directory / "lake"
        self.late = late
        self._rows: dict[str, list[RawRecord]] = {}
        self._seq = 0
        self._random = random.Random(7)

    def add(self, channel: str, kind: RawKind, at: float, payload: bytes, symbol: str, conn: str) -> None:
        ns = BEGIN + round((at + self.late) * 1000) * 1_000_000
        self._rows.setdefault(channel, []).append(
            RawRecord(ns, conn, self._seq, kind.value, channel, symbol, payload)
        )
        self._seq += 1

    def note(
        self, channel: str, kind: RawKind, at: float, symbol: str = "A", conn: str = CONN, **content: Any
    ) -> None:
        self.add(channel, kind, at, json.dumps(content).encode(), symbol, conn)

    def opened(self, at: float, channels: Iterable[str] = (), cause: str = "start", conn: str = CONN) -> None:
        self.note("_connection", RawKind.OPEN, at, "", conn, url="wss://here")
        for channel in channels:
            self.note(channel, RawKind.SUBSCRIBED, at, conn=conn, cause=cause)

    def closed(self, at: float, channels: Iterable[str] = (), conn: str = CONN) -> None:
        for channel in channels:
            self.note(channel, RawKind.UNSUBSCRIBED, at, conn=conn, cause="disconnect")
        self.note("_connection", RawKind.CLOSE, at, "", conn, cause="disconnect", reason="gone")

    def trade(self, at: float, number: int, symbol: str = "A", conn: str = CONN, late: float = 0) -> None:
        when = (BEGIN + int(at * SECOND)) // 1_000_000
        data = {
            "e": "trade",
            "E": when,
            "s": symbol,
            "t": number,
            "p": str(100 + number % 7),
            "q": f"{1 + number % 3}.5",
            "T": when,
            "m": number % 2 == 0,
        }
        self._stream("trade", at + late, f"{symbol.lower()}@trade", data, symbol, conn)

    def trades(self, ids: Iterable[int], at: float = 0, every: float = 1.0, **more: Any) -> None:
        for position, number in enumerate(ids):
            self.trade(at + position * every, number, **more)

    def backfill(self, at: float, ids: Iterable[int], exchange_at: float) -> None:
        when = (BEGIN + int(exchange_at * SECOND)) // 1_000_000
        body = [
            {"id": n, "price": "100", "qty": "2", "time": when, "isBuyerMaker": True, "isBestMatch": True}
            for n in ids
        ]
        self.add("trade", RawKind.BACKFILL, at, json.dumps(body).encode(), "A", CONN)

    def quote(self, at: float, number: int, symbol: str = "A", conn: str = CONN) -> None:
        data = {"u": number, "s": symbol, "b": "1", "B": str(number), "a": "2", "A": "3"}
        self._stream("bookTicker", at, f"{symbol.lower()}@bookTicker", data, symbol, conn)

    def depth(
        self,
        at: float,
        first: int,
        last: int,
        bids: list[list[str]] | None = None,
        asks: list[list[str]] | None = None,
        symbol: str = "A",
        conn: str = CONN,
    ) -> None:
        """An update of the book; without levels given, ones that only its ids determine."""
        chance = random.Random(f"{symbol}{first}-{last}")
        when = (BEGIN + int(at * SECOND)) // 1_000_000
        if bids is None:
            bids = [[str(chance.randint(90, 99)), str(chance.choice([0, 1, 2.5]))] for _ in range(3)]
        if asks is None:
            asks = [[str(chance.randint(101, 110)), str(chance.choice([0, 1, 2.5]))] for _ in range(2)]
        data = {"e": "depthUpdate", "E": when, "s": symbol, "U": first, "u": last, "b": bids, "a": asks}
        self._stream("depth", at, f"{symbol.lower()}@depth@100ms", data, symbol, conn)

    def depths(self, first: int, last: int, at: float, every: float = 1.0, **more: Any) -> None:
        """Updates of one id each."""
        for position, number in enumerate(range(first, last + 1)):
            self.depth(at + position * every, number, number, **more)

    def snapshot(self, at: float, last: int, symbol: str = "A", conn: str = CONN) -> None:
        bids = [[str(price), "7"] for price in range(99, 89, -1)]
        asks = [[str(price), "7"] for price in range(101, 111)]
        body = json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks}).encode()
        self.add("depth", RawKind.SNAPSHOT, at, body, symbol, conn)

    def rows(self, channel: str) -> list[RawRecord]:
        """What is recorded and not yet sealed, in the order of arrival."""
        return sorted(self._rows[channel], key=lambda row: (row.recv_ns, row.seq))

    def seal(self, *, include_raw: bool = False) -> Path:
        """Make of all rows since the last time one segment per channel, its tables, and their lake."""
        for channel in self._rows:
            rows = self.rows(channel)
            segment = SegmentId(Partition(self.exchange, channel), rows[0].recv_ns)
            path = self.layout.raw(READY) / segment.sealed_path
            path.parent.mkdir(parents=True, exist_ok=True)
            columns = [[getattr(row, name) for row in rows] for name in RAW_SCHEMA.names]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, RAW_SCHEMA, strict=True)]
            pq.write_table(pa.Table.from_arrays(arrays, schema=RAW_SCHEMA), path, write_page_checksum=True)
        self._rows = {}
        progress = normalize_ready(self.layout)
        assert not progress.trouble, progress.trouble
        shutil.copytree(self.layout.tables(READY), self.lake, dirs_exist_ok=True)
        if include_raw:
            shutil.copytree(self.layout.raw("normalized"), self.lake / "raw", dirs_exist_ok=True)
        return self.lake

    def _stream(
        self, channel: str, at: float, name: str, data: dict[str, Any], symbol: str, conn: str
    ) -> None:
        text = json.dumps({"stream": name, "data": data}, separators=(",", ":"))
        self.add(channel, RawKind.MESSAGE, at, text.encode(), symbol, conn)


def audited(lake: Path | str, **question: Any) -> Report:
    return audit(open_lake(StorageSettings(target=str(lake))), Question(**question))


def stream(report: Report, channel: str, date: str | None = None, symbol: str = "A") -> StreamDay:
    """The one line of this stream (and day)."""
    (found,) = (
        each
        for each in report.streams
        if (each.channel, each.symbol) == (channel, symbol) and date in (None, each.date)
    )
    return found


def files(lake: Path, table: str, channel: str = "") -> list[Path]:
    return sorted((lake / table).rglob(f"{channel}*.parquet"))


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a file's rows, as somebody would who then writes a sound file."""
    table = change(pq.read_table(path, partitioning=None))
    pq.write_table(table, path, write_page_checksum=True, compression="zstd")
