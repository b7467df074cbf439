"""Bitstamp's requests, channels and REST answers, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.exchanges.bitstamp.exchange import Bitstamp
from daedalus.simulator.exchanges.bitstamp.orders import event_id
from daedalus.simulator.exchanges.bitstamp.rest import trade_id
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
STEPS = 4000


@pytest.fixture
def exchange() -> Bitstamp:
    instruments = [Bitstamp.instrument(symbol) for symbol in ("btcusd", "ethusd")]
    return Bitstamp(Market(instruments, Bitstamp.mixture, rate=80, depth=100))


def ask(exchange: Bitstamp, session: Session, request: object) -> dict[str, Any]:
    text = request if isinstance(request, str) else json.dumps(request)
    (answer,) = exchange.receive(session, text)
    return json.loads(answer)


def stream(exchange: Bitstamp, name: str, steps: int = STEPS) -> list[dict[str, Any]]:
    market, audience = exchange._market, {name: {(): True}}
    numbers = range(START + 1, START + 1 + steps)
    messages = [
        json.loads(text) for n in numbers for _, _, text in exchange.publish(market.step(n), audience)
    ]
    assert {message["channel"] for message in messages} == {name}
    return messages


def get(exchange: Bitstamp, target: str, step: int = START + STEPS) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, exchange._market.time_of(step))


def test_one_channel_is_subscribed_per_request_and_confirmed_by_its_name(exchange: Bitstamp) -> None:
    session = Session()
    request = {"event": "bts:subscribe", "data": {"channel": "live_trades_btcusd"}}
    assert ask(exchange, session, request) == {
        "event": "bts:subscription_succeeded",
        "channel": "live_trades_btcusd",
        "data": {},
    }
    assert list(session.streams) == ["live_trades_btcusd"]
    nowhere = {"event": "bts:subscribe", "data": {"channel": "live_trades_nosuchusd"}}
    assert ask(exchange, session, nowhere)["event"] == "bts:subscription_succeeded"
    left = ask(exchange, session, request | {"event": "bts:unsubscribe"})
    assert left["event"] == "bts:unsubscription_succeeded"
    assert list(session.streams) == ["live_trades_nosuchusd"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("{", "Incorrect JSON format."),
        ([], "Incorrect JSON format."),
        ({"event": "bts:subscribe", "data": {"channel": "nothing_btcusd"}}, "Bad subscription string."),
        ({"event": "bts:subscribe", "data": {"channel": "live_trades_"}}, "Bad subscription string."),
        ({"event": "bts:subscribe", "data": {"channel": 5}}, "Bad subscription string."),
        ({"event": "bts:hello", "data": {"channel": "live_trades_btcusd"}}, "Bad subscription string."),
    ],
)
def test_a_wrong_request_is_refused_in_words_without_a_name(
    exchange: Bitstamp, request_: object, message: str
) -> None:
    session = Session()
    assert ask(exchange, session, request_) == {
        "event": "bts:error",
        "channel": "",
        "data": {"code": None, "message": message},
    }
    assert not session.streams


def test_heartbeats_are_answered_and_a_reconnect_is_asked_for(exchange: Bitstamp) -> None:
    assert ask(exchange, Session(), {"event": "bts:heartbeat"})["data"] == {"status": "success"}
    notice = exchange.farewell()
    assert notice is not None
    assert json.loads(notice)["event"] == "bts:request_reconnect"


def test_trades_have_ids_that_rise_and_skip(exchange: Bitstamp) -> None:
    trades = [message["data"] for message in stream(exchange, "live_trades_ethusd")]
    ids = [trade["id"] for trade in trades]
    first = ids[0] // 2
    assert ids == [trade_id(exchange._market, 1, number) for number in range(first, first + len(ids))]
    assert all(after == before + 2 for before, after in pairwise(ids))
    assert {trade["type"] for trade in trades} == {0, 1}
    for trade in trades:
        assert float(trade["price_str"]) == trade["price"]
        assert len(trade["amount_str"].partition(".")[2]) == 8


def test_changes_lead_from_the_book_over_rest_which_lags_to_the_next_one(exchange: Bitstamp) -> None:
    changes = [message["data"] for message in stream(exchange, "diff_order_book_btcusd")]
    assert all(int(a["microtimestamp"]) < int(b["microtimestamp"]) for a, b in pairwise(changes))
    snapshot = json.loads(get(exchange, "/api/v2/order_book/btcusd/?group=1", START + 1000).body)
    assert int(snapshot["microtimestamp"]) <= exchange._market.time_of(START + 1000) // 1000 - 500_000
    sides = {side: dict(snapshot[side]) for side in ("bids", "asks")}
    later = [each for each in changes if int(each["microtimestamp"]) > int(snapshot["microtimestamp"])]
    assert len(later) > 200
    for change in later:
        for side, levels in sides.items():
            for price, amount in change[side]:
                levels[price] = amount
                if float(amount) == 0:
                    del levels[price]
    # the last change may lie some steps back: ask for the book as it was then
    market = exchange._market
    last = market.step_at(int(later[-1]["microtimestamp"]) * 1000)
    update = market.update_at(0, last)
    notation = exchange._notations[0]
    assert sides == {
        side: {notation.price(price): notation.amount(amount) for price, amount in levels}
        for side, levels in zip(("bids", "asks"), market.books[0].levels(update), strict=True)
    }


def test_each_order_event_names_the_one_before_and_leads_to_the_same_levels(exchange: Bitstamp) -> None:
    events = stream(exchange, "live_orders_btcusd")
    for before, after in pairwise(events):
        assert after["pre_event_id"] == before["event_id"]
        assert after["event_id"] > before["event_id"]
    orders: dict[str, tuple[int, str, str] | None] = {}
    for message in events:
        order, kind = message["data"], message["event"]
        known = orders.get(order["id_str"])
        if order["id_str"] in orders:
            assert (known is None) is (kind == "order_created")
        told = order["order_type"], order["price_str"], order["amount_str"]
        orders[order["id_str"]] = None if kind == "order_deleted" else told
    assert {message["event"] for message in events} == {"order_created", "order_changed", "order_deleted"}
    market, notation = exchange._market, exchange._notations[0]
    sides = market.books[0].levels(market.update_at(0, START + STEPS))
    resting = {
        (kind, notation.price(price), notation.amount(amount))
        for kind, side in enumerate(sides)
        for price, amount in side
    }
    assert {told for told in orders.values() if told} <= resting
    touched = {order["price_str"] for order in (message["data"] for message in events)}
    assert {told for told in resting if told[1] in touched} == {told for told in orders.values() if told}


def test_an_event_id_is_its_time_and_its_count() -> None:
    assert event_id(1788551766357000, 2) == "00065aad-a8b2-3408-0002-000102000020"


def test_transactions_are_the_trades_up_to_now_the_newest_first(exchange: Bitstamp) -> None:
    trades = [message["data"] for message in stream(exchange, "live_trades_btcusd")]
    body = json.loads(get(exchange, "/api/v2/transactions/btcusd/?time=minute").body)
    assert len(body) > len(trades) > 5  # of 60 seconds, and of 50
    for row, trade in zip(body, trades[::-1], strict=False):
        assert row == {
            "date": trade["timestamp"],
            "tid": str(trade["id"]),
            "price": trade["price_str"],
            "type": str(trade["type"]),
            "amount": trade["amount_str"],
        }
    oldest = exchange._market.time_of(START + STEPS) // 10**9 - 60
    assert all(int(row["date"]) >= oldest for row in body)
    assert len(json.loads(get(exchange, "/api/v2/transactions/btcusd/?time=hour").body)) > len(body)
    assert get(exchange, "/api/v2/transactions/btcusd/?time=year").status == 400


def test_rest_knows_its_markets_and_nothing_else(exchange: Bitstamp) -> None:
    markets = json.loads(get(exchange, "/api/v2/markets/").body)
    assert [(each["market_symbol"], each["counter_decimals"]) for each in markets] == [
        ("btcusd", 2),
        ("ethusd", 2),
    ]
    assert [each["name"] for each in json.loads(get(exchange, "/api/v2/currencies/").body)] == [
        "BTC",
        "ETH",
        "USD",
    ]
    for target in ("/api/v2/order_book/nousd/", "/api/v2/nothing/", "/"):
        assert get(exchange, target).status == 404


@pytest.mark.parametrize("symbol", ["BTCUSD", "btc-usd", "btc", "usd", ""])
def test_symbols_that_the_exchange_would_not_spell_are_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="bitstamp spells markets like btcusd"):
        Bitstamp.instrument(symbol)
