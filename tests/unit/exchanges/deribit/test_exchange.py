from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.deribit.exchange import DERIBIT
from daedalus.exchanges.model import Data, Reply, Subscription
from daedalus.tables.rows import BookUpdate, DerivativeTicker

EXCHANGE = DERIBIT
MS = 1_000_000


def test_every_recorded_message_equals_a_plain_reading_of_it(recordings: Path) -> None:
    continuity = Continuity(EXCHANGE.channels)
    kinds = []
    for line in (recordings / "DERIBIT.ws.1.0").read_bytes().splitlines():
        if not line[:1].isdigit():
            continue
        payload = line.split(b" ", 1)[1]
        header = EXCHANGE.messages.classify(payload)
        kinds.append(type(header))
        if isinstance(header, Reply):
            assert len(header.subscriptions) == 30
            continue
        data = json.loads(payload, parse_float=Decimal)["params"]["data"]
        (row,) = EXCHANGE.messages.normalize(header, payload)
        assert (row.symbol, row.timestamp) == (data["instrument_name"], data["timestamp"] * MS)
        if isinstance(row, BookUpdate):
            assert row.is_snapshot is (data["type"] == "snapshot")
            assert row.last_id == data["change_id"]
            told = [[(Decimal(repr(p)), Decimal(repr(a))) for p, a in side] for side in (row.bids, row.asks)]
            assert told == [[(p, a) for _, p, a in data[side]] for side in ("bids", "asks")]
        else:
            assert isinstance(row, DerivativeTicker)
            assert Decimal(repr(row.mark_price)) == data["mark_price"]
            assert Decimal(repr(row.open_interest)) == data["open_interest"]
        observed = continuity.observe(header, 0)
        assert not observed.duplicate
        assert observed.gap is None
    assert kinds.count(Data) == 80
    assert set(kinds) == {Data, Reply}


def test_requests_stay_within_their_size_and_connections_within_their_number() -> None:
    names = [Subscription("quote", f"{'X' * 200}-{number}") for number in range(500)]
    assert all(
        len(one.text) < 32_768 for one in EXCHANGE.requests.plan(names, "ws://127.0.0.1:9")[0].requests
    )
    many = [Subscription("quote", f"S{number}") for number in range(30_000)]
    assert len(EXCHANGE.requests.plan(many, "ws://127.0.0.1:9")) <= 30
