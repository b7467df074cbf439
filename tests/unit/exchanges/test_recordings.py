"""Every message of real recordings: read as it should be, and to the very digits the exchange sent."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Reply, Unknown
from daedalus.tables.rows import AggTrade, BookUpdate, Quote, Row, Trade

BINANCE = ["BINANCE.ws.1.0", "BINANCE-spot-btcusdt.gz"]


def messages(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            if line[:1].isdigit():
                yield line.rstrip(b"\n").split(b" ", 1)[1]


def digits(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def levels(side: Any) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(amount)) for price, amount, *_ in side]


def read_binance(message: dict[str, Any]) -> tuple[object, ...] | None:
    """The same message, read plainly: no types, no floats."""
    stream, data = message.get("stream", ""), message.get("data", {})
    kind = stream.partition("@")[2]
    side = "sell" if data.get("m") else "buy"
    if kind == "trade":
        return "trade", data["s"], data["T"], str(data["t"]), side, Decimal(data["p"]), Decimal(data["q"])
    if kind == "aggTrade":
        price, amount = Decimal(data["p"]), Decimal(data["q"])
        return "agg", data["s"], data["T"], str(data["a"]), side, price, amount, data["f"], data["l"]
    if kind == "depth@100ms":
        return (
            "book", data["s"], data["E"], False, levels(data["b"]), levels(data["a"]), data["U"], data["u"]
        )  # fmt: skip
    if kind == "bookTicker":
        tops = [Decimal(data[name]) for name in "bBaA"]
        return "quote", data["s"], None, *tops, data["u"]
    return None


def read_coinbase(message: dict[str, Any]) -> tuple[object, ...] | None:
    kind, product, time = message["type"], message.get("product_id"), message.get("time")
    if kind in ("match", "last_match"):
        side = {"buy": "sell", "sell": "buy"}[message["side"]]
        trade = str(message["trade_id"]), side, Decimal(message["price"]), Decimal(message["size"])
        return "trade", product, time, *trade
    if kind == "snapshot":
        return "book", product, time, True, levels(message["bids"]), levels(message["asks"]), None, None
    if kind == "l2update":
        sides = {
            side: levels([change[1:] for change in message["changes"] if change[0] == side])
            for side in ("buy", "sell")
        }
        return "book", product, time, False, sides["buy"], sides["sell"], None, None
    if kind == "ticker":
        tops = [number(message.get(f"best_{name}")) for name in ("bid", "bid_size", "ask", "ask_size")]
        return "quote", product, time, *tops, message["sequence"]
    return None


def told(row: Row, time: object) -> tuple[object, ...]:
    """A row of ours in the same words."""
    if isinstance(row, Trade):
        return "trade", row.symbol, time, row.id, row.side, digits(row.price), digits(row.amount)
    if isinstance(row, AggTrade):
        money = digits(row.price), digits(row.amount)
        return "agg", row.symbol, time, row.id, row.side, *money, row.first_id, row.last_id
    if isinstance(row, BookUpdate):
        sides = [[(digits(price), digits(amount)) for price, amount in side] for side in (row.bids, row.asks)]
        return "book", row.symbol, time, row.is_snapshot, *sides, row.first_id, row.last_id
    assert isinstance(row, Quote)
    tops = [digits(one) for one in (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount)]
    return "quote", row.symbol, time, *tops, row.last_id


def milliseconds(row: Row) -> object:
    return None if row.timestamp is None else row.timestamp // 1_000_000


def rfc3339(row: Row) -> object:
    if row.timestamp is None:
        return None
    seconds, fraction = divmod(row.timestamp, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction // 1000:06d}Z"


@pytest.mark.parametrize("name", BINANCE)
def test_every_binance_message_equals_a_plain_reading_of_it(recordings: Path, name: str) -> None:
    exchange = EXCHANGES["binance"]
    continuity = Continuity(exchange.channels)
    kinds: Counter[str] = Counter()
    for payload in messages(recordings / name):
        header = exchange.messages.classify(payload)
        message = json.loads(payload)
        expected = read_binance(message)
        kinds[type(header)] += 1
        if isinstance(header, Unknown):
            assert "@kline" in message.get("stream", "") or "lastUpdateId" in message
            continue
        (row,) = exchange.messages.normalize(header, payload)
        assert told(row, milliseconds(row)) == expected
        observed = continuity.observe(header, 0)
        assert not observed.duplicate
        assert observed.gap is None
    assert set(kinds) <= {Data, Unknown}
    assert kinds[Data] > 100


def test_every_coinbase_message_equals_a_plain_reading_of_it(recordings: Path) -> None:
    exchange = EXCHANGES["coinbase_exchange"]
    continuity = Continuity(exchange.channels)
    kinds: Counter[str] = Counter()
    for payload in messages(recordings / "COINBASE.ws.28.0"):
        header = exchange.messages.classify(payload)
        expected = read_coinbase(json.loads(payload))
        kinds[type(header)] += 1
        if isinstance(header, Reply):
            assert {one.channel for one in header.subscriptions} <= {
                "level2_batch",
                "ticker",
                "matches",
            }
            continue
        (row,) = exchange.messages.normalize(header, payload)
        assert told(row, rfc3339(row)) == expected
        observed = continuity.observe(header, 0)
        assert not observed.duplicate
        assert observed.gap is None
    assert kinds == {Data: kinds[Data], Reply: 3}
