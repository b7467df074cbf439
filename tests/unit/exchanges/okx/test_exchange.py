"""OKX: trades by runs of ids, books by their chain, what is told of contracts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from unit.exchanges.okx.samples import (
    SNAPSHOT,
    change,
)

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Ids, Reply, Subscription, Unknown
from daedalus.exchanges.okx.exchange import OKX
from daedalus.tables.rows import (
    AggTrade,
    BookUpdate,
)

EXCHANGE = OKX


def test_the_example_of_the_documentation_is_whole() -> None:
    continuity = Continuity(EXCHANGE.channels)
    first = EXCHANGE.messages.classify(SNAPSHOT.replace(b'"seqId":100', b'"seqId":10'))
    assert continuity.observe(first, 1).gap is None
    resets = []
    for previous, number in ((10, 15), (15, 15), (15, 3), (3, 5)):
        observed = continuity.observe(EXCHANGE.messages.classify(change(previous, number)), 2)
        assert observed.gap is None
        assert not observed.duplicate
        resets.append(observed.reset)
    assert resets == [False, False, True, False]


@pytest.mark.parametrize("symbol", ["BTC-USD", "BTC-USD-SWAP", "BTC-USD_UM-SWAP", "BTC-USD-241227"])
def test_the_index_of_a_contract_is_that_of_its_pair(symbol: str) -> None:
    (plan,) = EXCHANGE.requests.plan([Subscription("index_tickers", symbol)], EXCHANGE.websocket_url)
    assert plan.subscriptions == (Subscription("index_tickers", "BTC-USD"),)


def test_every_message_of_the_recording_of_2022_is_read(recordings: Path) -> None:
    continuity, kinds = Continuity(EXCHANGE.channels), Counter[tuple[type, str]]()
    with (recordings / "OKX.ws.1.0").open("rb") as lines:
        payloads = [line.rstrip(b"\n").split(b" ", 1)[1] for line in lines if line[:1].isdigit()]
    for payload in payloads:
        header, message = EXCHANGE.messages.classify(payload), json.loads(payload)
        kinds[type(header), getattr(header, "channel", "")] += 1
        if isinstance(header, Unknown):
            assert message["arg"]["channel"] == "tickers"
        if not isinstance(header, Data):
            continue
        assert (header.channel, header.symbol) == (message["arg"]["channel"], message["arg"]["instId"])
        observed = continuity.observe(header, 0)
        assert observed.gap is None
        assert not observed.duplicate
        (row,), (told,) = EXCHANGE.messages.normalize(header, payload), message["data"]
        assert row.timestamp == int(told["ts"]) * 1_000_000
        if isinstance(row, AggTrade):
            assert header.ids == Ids(int(told["tradeId"]), int(told["tradeId"]))
            assert (row.id, row.side) == (told["tradeId"], told["side"])
            assert (row.price, row.amount) == (float(told["px"]), float(told["sz"]))
        else:
            assert isinstance(row, BookUpdate)
            assert header.ids is None
            assert header.is_snapshot == row.is_snapshot == (message["action"] == "snapshot")
            for side, levels in ((row.bids, told["bids"]), (row.asks, told["asks"])):
                assert list(side) == [(float(price), float(amount)) for price, amount, *_ in levels]
    assert kinds == {
        (Reply, ""): 18,
        (Unknown, ""): 18,
        (Data, "trades"): 39,
        (Data, "books"): 169,
    }
