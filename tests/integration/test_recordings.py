"""Real recorded streams, replayed over a real websocket into the real worker: byte for byte, in order, once.

The tables are compared with an independent reading of the same files: plain json and Decimal.
"""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.processes import Recorder, simulated, wait_until

pytestmark = pytest.mark.integration

BINANCE = ["trade", "aggTrade", "depth", "bookTicker"]
COINBASE = ["matches", "level2_batch", "ticker"]
CASES = [
    ("binance", "BINANCE-spot-btcusdt.gz", ["BTCUSDT"], BINANCE),
    ("binance", "BINANCE.ws.1.0", ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"], BINANCE),
    ("coinbase_exchange", "COINBASE.ws.28.0", ["SKL-USD", "SKL-BTC", "BAND-GBP"], COINBASE),
]


def digits(number: float) -> Decimal:
    """A float's shortest decimal form: it must be what the exchange wrote."""
    return Decimal(repr(number))


def payloads_of(path: Path) -> list[bytes]:
    """The received messages of a recording, read as simply as can be."""
    content = path.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    payloads = []
    for line in content.splitlines():
        head, _, payload = line.partition(b" ")
        if head.rstrip(b":").replace(b".", b"").isdigit():
            payloads.append(payload)
    return payloads


def replayed(
    tmp_path: Path,
    exchange: str,
    files: list[Path],
    settings: dict[str, Any],
    count: int,
    snapshots: int = 0,
) -> Recorder:
    """What the recorder made of it. A stop waits for no answer of REST, so this one does."""
    options = [part for file in files for part in ("--replay", str(file))]
    with simulated(exchange, "--speed", "0", *options) as port:
        recorder = Recorder(tmp_path, exchange, port, settings)
        recorder.start()
        wait_until(lambda: recorder.figure("messages") >= count, 60, f"{count} messages")
        wait_until(lambda: recorder.figure("snapshots") >= snapshots, 60, f"{snapshots} snapshots")
        recorder.stop()
    return recorder


@pytest.mark.parametrize(("exchange", "file", "symbols", "channels"), CASES, ids=[case[1] for case in CASES])
def test_every_payload_is_stored_once_in_order_byte_for_byte(
    tmp_path: Path, recordings: Path, exchange: str, file: str, symbols: list[str], channels: list[str]
) -> None:
    sent = payloads_of(recordings / file)
    settings: dict[str, Any] = {"symbols": symbols, "channels": channels}
    recorder = replayed(tmp_path, exchange, [recordings / file], settings, len(sent))
    rows = recorder.raw()
    (_conn,) = {row["conn"] for row in rows}
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    received = [row["payload"] for row in rows if row["kind"] == "message"]
    # The exchange's answers to the subscription are part of the stream, wherever they fell into it.
    ours = [
        payload for payload in received if b'"id":1' in payload[-10:] or b'"subscriptions"' in payload[:40]
    ]
    answers = [payload for payload in ours if payload not in sent]
    assert [payload for payload in received if payload not in answers] == sent
    assert recorder.figure("malformed") == 0
    assert not list((recorder.data / "raw" / "active").glob("*.arrows"))


def test_tables_of_binance_equal_an_independent_reading(tmp_path: Path, recordings: Path) -> None:
    files = [recordings / "BINANCE.ws.1.0", recordings / "BINANCE.http.0.0"]
    sent = [json.loads(payload) for payload in payloads_of(files[0])]
    symbols = sorted({message["data"]["s"] for message in sent})
    recorder = replayed(
        tmp_path, "binance", files, {"symbols": symbols, "channels": BINANCE}, len(sent), len(symbols)
    )
    assert recorder.run("normalize", "--once").returncode == 0

    def of(event: str) -> list[dict[str, Any]]:
        return [message["data"] for message in sent if message["data"].get("e", "bookTicker") == event]

    trades = sorted(
        (t["s"], str(t["a"]), "sell" if t["m"] else "buy", Decimal(t["p"]), Decimal(t["q"]), t["f"], t["l"])
        for t in of("aggTrade")
    )
    assert trades == sorted(
        (
            r["symbol"],
            r["id"],
            r["side"],
            digits(r["price"]),
            digits(r["amount"]),
            r["first_id"],
            r["last_id"],
        )
        for r in recorder.table("agg_trades")
    )
    times = sorted(t["T"] * 10**6 for t in of("aggTrade"))
    assert times == sorted(r["timestamp"] for r in recorder.table("agg_trades"))
    quotes = sorted((q["s"], q["u"], *(Decimal(str(q[k])) for k in "bBaA")) for q in of("bookTicker"))
    assert quotes == sorted(
        (
            r["symbol"],
            r["last_id"],
            *(digits(r[k]) for k in ("bid_price", "bid_amount", "ask_price", "ask_amount")),
        )
        for r in recorder.table("quotes")
    )
    levels = sorted(
        (d["s"], d["u"], side, Decimal(price), Decimal(amount))
        for d in of("depthUpdate")
        for side, key in (("bid", "b"), ("ask", "a"))
        for price, amount in d[key]
    )
    rows = recorder.table("book_updates")
    assert levels == sorted(
        (r["symbol"], r["last_id"], r["side"], digits(r["price"]), digits(r["amount"]))
        for r in rows
        if not r["is_snapshot"]
    )
    bodies = [
        json.loads(line.split(b": ", 1)[1]) for line in files[1].read_bytes().splitlines() if b" -> " in line
    ]
    assert sum(bool(r["is_snapshot"]) for r in rows) == sum(
        len(body["bids"]) + len(body["asks"]) for body in bodies
    )
    assert recorder.table("gaps") == []


def test_tables_of_coinbase_equal_an_independent_reading(tmp_path: Path, recordings: Path) -> None:
    file = recordings / "COINBASE.ws.28.0"
    sent = [json.loads(payload) for payload in payloads_of(file)]
    settings: dict[str, Any] = {
        "symbols": sorted({m["product_id"] for m in sent if "product_id" in m}),
        "channels": COINBASE,
    }
    recorder = replayed(tmp_path, "coinbase_exchange", [file], settings, len(sent))
    assert recorder.run("normalize", "--once").returncode == 0
    taker = {"buy": "sell", "sell": "buy"}  # a match names the maker's side
    matches = {
        (m["product_id"], str(m["trade_id"]), taker[m["side"]], Decimal(m["price"]), Decimal(m["size"]))
        for m in sent
        if m["type"] in ("match", "last_match")
    }
    trades = [
        (r["symbol"], r["id"], r["side"], digits(r["price"]), digits(r["amount"]))
        for r in recorder.table("trades")
    ]
    assert sorted(trades) == sorted(matches)
    updates = sorted(
        (m["product_id"], False, "bid" if side == "buy" else "ask", Decimal(price), Decimal(amount))
        for m in sent
        if m["type"] == "l2update"
        for side, price, amount in m["changes"]
    )
    snapshots = sorted(
        (m["product_id"], True, side, Decimal(price), Decimal(amount))
        for m in sent
        if m["type"] == "snapshot"
        for side, key in (("bid", "bids"), ("ask", "asks"))
        for price, amount in m[key]
    )
    rows = [
        (r["symbol"], r["is_snapshot"], r["side"], digits(r["price"]), digits(r["amount"]))
        for r in recorder.table("book_updates")
    ]
    assert sorted(rows) == sorted(updates + snapshots)
    tickers = [m for m in sent if m["type"] == "ticker"]
    assert len(recorder.table("quotes")) == len(tickers)
