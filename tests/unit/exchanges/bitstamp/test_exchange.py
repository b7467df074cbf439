from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from unit.exchanges.bitstamp.samples import (
    DIFF,
    US,
)

from daedalus.exchanges.bitstamp.exchange import BITSTAMP
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Reply
from daedalus.tables.rows import BookUpdate, Trade

EXCHANGE = BITSTAMP


def test_the_same_change_over_another_connection_is_known_by_its_time() -> None:
    continuity = Continuity(EXCHANGE.channels)
    later = DIFF.replace(b"1641343691310202", b"1641343691310203")
    duplicates = [
        continuity.observe(EXCHANGE.messages.classify(one), 0).duplicate for one in (DIFF, later, DIFF)
    ]
    assert duplicates == [False, False, True]


def test_every_recorded_message_equals_a_plain_reading_of_it(recordings: Path) -> None:
    kinds = []
    for line in (recordings / "BITSTAMP.ws.1.0").read_bytes().splitlines():
        if not line[:1].isdigit():
            continue
        payload = line.split(b" ", 1)[1]
        header = EXCHANGE.messages.classify(payload)
        kinds.append(type(header))
        message = json.loads(payload)
        if isinstance(header, Reply):
            (one,) = header.subscriptions
            assert f"{one.channel}_{one.symbol}" == message["channel"]
            continue
        data = message["data"]
        (row,) = EXCHANGE.messages.normalize(header, payload)
        assert f"{header.channel}_{row.symbol}" == message["channel"]
        assert row.timestamp == int(data["microtimestamp"]) * US
        if isinstance(row, Trade):
            told = row.id, Decimal(repr(row.price)), Decimal(repr(row.amount)), row.side
            sent = str(data["id"]), Decimal(data["price_str"]), Decimal(data["amount_str"])
            assert told == (*sent, ["buy", "sell"][data["type"]])
        else:
            assert isinstance(row, BookUpdate)
            assert sides(row) == plain_sides(data)
    assert (kinds.count(Data), kinds.count(Reply)) == (419, 20)


def test_every_recorded_book_over_rest_equals_a_plain_reading_of_it(recordings: Path) -> None:
    lines = (recordings / "BITSTAMP.http.0.0").read_bytes().splitlines()
    bodies = [line.split(b": ", 1)[1] for line in lines if b" -> " in line]
    for body in bodies:
        (row,) = EXCHANGE.rest.normalize_snapshot(EXCHANGE.rest.classify_snapshot("a", body), body)
        assert isinstance(row, BookUpdate)
        assert row.is_snapshot
        assert sides(row) == plain_sides(json.loads(body))
    assert len(bodies) > 3


def sides(row: BookUpdate) -> list[list[tuple[Decimal, Decimal]]]:
    return [[(Decimal(repr(p)), Decimal(repr(a))) for p, a in side] for side in (row.bids, row.asks)]


def plain_sides(data: dict[str, Any]) -> list[list[tuple[Decimal, Decimal]]]:
    return [[(Decimal(price), Decimal(amount)) for price, amount in data[side]] for side in ("bids", "asks")]
