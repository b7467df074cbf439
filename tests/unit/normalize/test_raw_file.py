"""`daedalus decode` reads what the recorder itself writes."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.normalize.decode_file import decode_file
from daedalus.normalize.raw_file import NoRawFileError
from daedalus.store.layout import Partition, SegmentId
from daedalus.store.raw import RAW_SCHEMA, RawRecord
from daedalus.store.segment import Segment

NS = 1_795_773_000_000_000_000
TRADE = (
    '{"e":"trade","E":1795773000000,"s":"BTCUSDT","t":%d,"p":"60000.5","q":"0.25","T":1795773000000,"m":true}'
)
SNAPSHOT = b'{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[["2.5","3"]]}'
BACKFILL = b'[{"id":9,"price":"1.5","qty":"2","time":1795773000000,"isBuyerMaker":true}]'
INSTRUMENTS = b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}'


def record(number: int, kind: str = "message", payload: bytes = b"", channel: str = "trade") -> RawRecord:
    content = payload or (TRADE % number).encode()
    return RawRecord(NS + number, "20261123T000000-0", number, kind, channel, "BTCUSDT", content)


def sealed(path: Path, records: list[RawRecord]) -> Path:
    rows = [[getattr(each, name) for each in records] for name in RAW_SCHEMA.names]
    columns = [pa.array(values, field.type) for values, field in zip(rows, RAW_SCHEMA, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, schema=RAW_SCHEMA), path)
    return path


def opened(directory: Path, records: list[RawRecord]) -> Path:
    segment = Segment(directory, SegmentId(Partition("binance", "trade"), NS))
    segment.append(records)
    segment.sync()
    return segment.path


def decoded(path: Path) -> tuple[list[dict[str, Any]], Counter[str]]:
    output = io.BytesIO()
    counts = decode_file(EXCHANGES["binance"], path, output)
    return [json.loads(line) for line in output.getvalue().splitlines()], counts


@pytest.mark.parametrize("kind", ["sealed", "open"])
def test_every_message_of_a_raw_file_gives_its_rows(tmp_path: Path, kind: str) -> None:
    records = [record(number) for number in range(1, 101)]
    path = sealed(tmp_path / "1.parquet", records) if kind == "sealed" else opened(tmp_path, records)
    rows, counts = decoded(path)
    assert [(row["table"], row["id"], row["local_timestamp"]) for row in rows] == [
        ("trades", str(number), NS + number) for number in range(1, 101)
    ]
    assert counts == {"rows": 100}


def test_an_open_file_that_was_cut_by_a_crash_gives_what_is_whole(tmp_path: Path) -> None:
    path = opened(tmp_path, [record(1)])
    with path.open("ab") as file:
        file.write(b"\xff\xff\xff\xff\x00")
    assert [row["id"] for row in decoded(path)[0]] == ["1"]


def test_answers_over_rest_are_read_as_what_they_are_and_notes_are_passed_over(tmp_path: Path) -> None:
    records = [
        record(1, "subscribed", b'{"cause":"start"}'),
        record(2, "snapshot", SNAPSHOT, "depth"),
        record(3, "backfill", BACKFILL),
        record(4, "instruments", INSTRUMENTS),
        record(5, "message", b"no json"),
    ]
    rows, counts = decoded(sealed(tmp_path / "1.parquet", records))
    assert [row["table"] for row in rows] == ["book_updates", "book_updates", "trades", "instruments"]
    assert (rows[0]["is_snapshot"], rows[2]["source"], rows[3]["base"]) == (True, "backfill", "BTC")
    assert counts["note of the recorder"] == 1
    assert counts["malformed"] + counts["undecodable"] == 1


def test_a_table_is_told_from_a_raw_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"symbol": ["BTCUSDT"], "price": [1.5]}), tmp_path / "trades.parquet")
    message = r"trades\.parquet: not a raw file: its columns are symbol, price"
    with pytest.raises(NoRawFileError, match=message):
        decoded(tmp_path / "trades.parquet")


def test_a_damaged_file_is_called_that(tmp_path: Path) -> None:
    path = sealed(tmp_path / "1.parquet", [record(number) for number in range(1, 101)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(NoRawFileError, match=r"1\.parquet: damaged"):
        decoded(path)
