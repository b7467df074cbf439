from __future__ import annotations

import json

import pytest
from unit.exchanges.coinbase.samples import (
    REST_TRADES,
    TRADE,
    UPDATE,
)

from daedalus.exchanges.coinbase.exchange import COINBASE
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Malformed, Subscription

EXCHANGE = COINBASE


def test_the_same_message_is_the_same_on_every_connection_but_for_its_number() -> None:
    other = UPDATE.replace(b"229", b"17").replace(b".483569449Z", b".484Z")
    header = EXCHANGE.messages.classify(UPDATE)
    assert EXCHANGE.messages.identity(header, UPDATE) == EXCHANGE.messages.identity(header, other)
    assert EXCHANGE.messages.identity(header, UPDATE) != EXCHANGE.messages.identity(
        header, UPDATE.replace(b"68", b"69")
    )


def test_books_are_few_to_a_connection_and_apart_from_all_else() -> None:
    products = [f"P{number}-USD" for number in range(120)]
    wanted = [
        Subscription(channel, one) for channel in ("level2", "ticker", "market_trades") for one in products
    ]
    plans = EXCHANGE.requests.plan(wanted, "ws://127.0.0.1:5")
    for plan in plans:
        channels = [json.loads(request.text)["channel"] for request in plan.requests]
        assert channels in (["heartbeats", "market_trades", "ticker"], ["heartbeats", "level2"])


def test_trades_of_another_product_fill_no_gap() -> None:
    assert isinstance(EXCHANGE.rest.classify_backfill("market_trades", "BTC-USD", REST_TRADES), Malformed)
    with pytest.raises(ValueError, match="another product than BTC-USD"):
        EXCHANGE.rest.normalize_backfill(Data("market_trades", "BTC-USD"), REST_TRADES)


def test_old_trades_sent_again_on_subscribing_are_no_new_count() -> None:
    continuity = Continuity(EXCHANGE.channels)
    continuity.observe(EXCHANGE.messages.classify(TRADE), 1)
    again = TRADE.replace(b"06:00:12.516946132", b"07:00:00.1")
    observed = continuity.observe(EXCHANGE.messages.classify(again), 2)
    assert (observed.duplicate, observed.reset) == (True, False)
