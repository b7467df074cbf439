from __future__ import annotations

import gzip
import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.normalize import TABLES, decode_file, decode_lines
from daedalus.normalize.recorded_lines import Recorded, read_line

TRADE = (
    b'{"e":"trade","E":1567296001038,"s":"BNBBTC","t":60,"p":"0.0021965","q":"6.48","T":1567296001034,'
    b'"m":true}'
)
ROW = {
    "table": "trades",
    "exchange": "binance",
    "symbol": "BNBBTC",
    "timestamp": 1567296001034000000,
    "local_timestamp": 1567296001100000000,
    "id": "60",
    "side": "sell",
    "price": 0.0021965,
    "amount": 6.48,
    "number": None,
    "source": "stream",
}


@pytest.mark.parametrize(
    ("line", "recv_ns"),
    [
        (b"1567296001.1: x", 1567296001100000000),
        (b"1567296001: x", 1567296001000000000),
        (b"1567296001.123456789: x", 1567296001123456789),
        (b"1567296001.1234567899999: x", 1567296001123456789),
        (b"1567296001.063356900: x\r\n", 1567296001063356900),
        (b"1567296001123456789 x\n", 1567296001123456789),
        (b'{"recv_ns":5,"payload":"x"}', 5),
    ],
)
def test_the_time_of_a_line_is_exact(line: bytes, recv_ns: int) -> None:
    assert read_line(line) == Recorded(recv_ns, b"x")


def test_an_embedded_object_keeps_its_bytes() -> None:
    assert read_line(b'{"recv_ns":5, "payload": {"a": 1.10} }') == Recorded(5, b'{"a": 1.10}')
    assert read_line(b'{"payload":"{\\"a\\": \\"\\u00e9\\"}","recv_ns":5}') == Recorded(
        5, '{"a": "é"}'.encode()
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"wss://host/ws <-> 1618677816.8434298",
        b"wss://host/ws <- 1618677817.020616: {}",
        b'{"payload":"x"}',
        b'{"recv_ns":"5","payload":"x"}',
        b"{",
        b"99999999999999999999 x",
        b"\xff",
    ],
)
def test_other_lines_are_no_messages(line: bytes) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(
    "line",
    [
        b"1567296001.1: " + TRADE,
        b"1567296001100000000 " + TRADE,
        b'{"recv_ns":1567296001100000000,"payload":' + TRADE + b"}",
        json.dumps({"recv_ns": 1567296001100000000, "payload": TRADE.decode()}).encode(),
    ],
)
def test_each_form_gives_the_same_row(line: bytes) -> None:
    assert list(decode_lines(EXCHANGES["binance"], [line])) == [ROW]


def test_a_book_gives_one_row_per_level_and_snapshots_are_known_by_their_url() -> None:
    body = b'{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[["1.6","3"],["1.7","0"]]}'
    rows = list(
        decode_lines(EXCHANGES["binance"], [b"https://x/api/v3/depth?symbol=abc&limit=10 -> 5.5: " + body])
    )
    assert [(row["side"], row["price"], row["amount"]) for row in rows] == [
        ("bid", 1.5, 2.0), ("ask", 1.6, 3.0), ("ask", 1.7, 0.0)
    ]  # fmt: skip
    for row in rows:
        assert list(row) == ["table", "exchange", *TABLES["book_updates"].schema.names]
        assert (row["symbol"], row["is_snapshot"], row["last_id"]) == ("ABC", True, 7)
        assert row["timestamp"] == row["local_timestamp"] == 5_500_000_000


def test_an_answer_of_no_address_is_unknown() -> None:
    counts: Counter[str] = Counter()
    assert not list(decode_lines(EXCHANGES["binance"], [b"http://[?symbol=A -> 1.5: {}"], counts))
    assert counts == {"unknown": 1}


def test_what_gives_no_row_is_counted_by_kind() -> None:
    counts: Counter[str] = Counter()
    lines = [
        b"1.0: {",
        b'1.0: {"stream":"a@kline_1m","data":{}}',
        b'1.0: {"result":null,"id":1}',
        b"1.0: " + TRADE.replace(b'"6.48"', b'"x"'),
        b"hello",
        b"",
        b"https://x/api/v3/depth?limit=10 -> 5.5: {}",
    ]
    assert list(decode_lines(EXCHANGES["binance"], lines, counts)) == []
    expected = {"malformed": 1, "unknown": 2, "reply": 1, "undecodable": 1, "no message": 1, "blank": 1}
    assert counts == expected


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("piped", [False, True])
def test_files_and_stdin_are_read_gzipped_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, packed: bool, piped: bool
) -> None:
    content = b"hello\n1567296001.1: " + TRADE + b"\n"
    path = tmp_path / "messages"
    path.write_bytes(gzip.compress(content) if packed else content)
    output = io.BytesIO()
    with open(path, "rb") as stdin:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
        decode_file(EXCHANGES["binance"], None if piped else path, output)
    assert json.loads(output.getvalue()) == ROW
    assert capsys.readouterr().err == "gave no row: 1 no message\n"


def test_messages_that_name_their_channel_by_a_number_are_read_by_the_answer_before_them() -> None:
    lines = [
        b'1700000000.0: {"event":"subscribed","channel":"trades","chanId":89,"symbol":"tBTCUSD"}',
        b'1700000000.1: [89,"te",[382489563,1564617600709,0.00705845,10087.98969503],18,1564617600784]',
    ]
    (row,) = decode_lines(EXCHANGES["bitfinex"], lines)
    assert (row["table"], row["symbol"], row["id"], row["side"]) == ("trades", "tBTCUSD", "382489563", "buy")


def test_rows_of_what_is_not_recorded_are_left_out_and_named() -> None:
    counts: Counter[str] = Counter()
    lines = [
        b'1700000000.0: {"event":"subscribed","channel":"ticker","chanId":5,"symbol":"fUSD"}',
        b"1700000000.1: [5,[0.0002,0.00015,30,1000.5,0.00011,2,500.2,0,0,0.0001,10000,0.0003,0.00005],1]",
        b'1700000000.2: {"event":"subscribed","channel":"ticker","chanId":6,"symbol":"tBTCUSD"}',
        b"1700000000.3: [6,[100,1,101,2,0,0,100,5,101,99],2]",
    ]
    (row,) = decode_lines(EXCHANGES["bitfinex"], lines, counts)
    assert (row["symbol"], row["bid_price"]) == ("tBTCUSD", 100.0)
    assert counts["of fUSD, which is not recorded"] == 1


def test_of_many_symbols_that_are_not_recorded_a_few_are_named() -> None:
    counts: Counter[str] = Counter()
    lines = [
        b'1700000000.1: {"channel":"bbo","data":{"coin":"xyz:N%d","time":5,"bbo":[{"px":"1","sz":"1"}]}}'
        % number
        for number in range(30)
    ]
    assert list(decode_lines(EXCHANGES["hyperliquid"], lines, counts)) == []
    assert (len(counts), counts["of others that are not recorded"]) == (21, 10)


def test_a_snapshot_without_levels_is_a_line_that_says_so() -> None:
    line = b'1700000000.1: {"channel":"l2Book","data":{"coin":"A","time":1759536000789,"levels":[[],[]]}}'
    (row,) = decode_lines(EXCHANGES["hyperliquid"], [line])
    assert (row["is_snapshot"], row["side"], row["price"], row["amount"]) == (True, None, None, None)
    assert set(row) == {"table", "exchange", *TABLES["book_updates"].schema.names}
