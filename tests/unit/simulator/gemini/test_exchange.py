"""Gemini's requests, streams and REST answers, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.exchanges.gemini.exchange import Gemini
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
STEPS = 4000


@pytest.fixture
def exchange() -> Gemini:
    instruments = [Gemini.instrument(symbol) for symbol in ("btcusd", "ethgusdperp")]
    return Gemini(Market(instruments, Gemini.mixture, rate=80, depth=100))


def opened(exchange: Gemini, target: str = "/?snapshot=-1") -> Session:
    session = exchange.connect(target)
    assert isinstance(session, Session)
    return session


def ask(exchange: Gemini, session: Session, request: object) -> dict[str, Any]:
    text = request if isinstance(request, str) else json.dumps(request)
    (answer,) = exchange.receive(session, text)
    return json.loads(answer)


def subscribe(*streams: str) -> dict[str, object]:
    return {"id": 1, "method": "subscribe", "params": list(streams)}


def stream(exchange: Gemini, name: str, steps: int = STEPS) -> list[dict[str, Any]]:
    market, audience = exchange._market, {name: {(): True}}
    numbers = range(START + 1, START + 1 + steps)
    return [json.loads(text) for n in numbers for _, _, text in exchange.publish(market.step(n), audience)]


def get(exchange: Gemini, target: str, step: int = START + STEPS, now_ns: int | None = None) -> HttpAnswer:
    now = exchange._market.time_of(step) if now_ns is None else now_ns
    return exchange.rest(HttpRequest.parse(target), step, now)


def test_streams_are_granted_together_or_not_at_all(exchange: Gemini) -> None:
    session = opened(exchange)
    wanted = ["btcusd@trade", "BTCUSD@depth@100ms", "ethgusdperp@bookTicker"]
    assert ask(exchange, session, subscribe(*wanted[:2])) == {"id": 1, "status": 200}
    assert list(session.streams) == ["btcusd@trade", "btcusd@depth@100ms"]
    assert ask(exchange, session, subscribe("ethgusdperp@trade", "nosuch@depth@100ms") | {"id": 4}) == {
        "id": 4,
        "status": 400,
        "error": {"code": -1013, "msg": "Invalid stream name: nosuch@depth@100ms"},
    }
    listed = ask(exchange, session, {"id": "x", "method": "LIST_SUBSCRIPTIONS"})
    assert listed == {"id": "x", "status": 200, "result": ["btcusd@trade", "btcusd@depth@100ms"]}
    less = {"id": 2, "method": "unsubscribe", "params": ["btcusd@depth@100ms"]}
    assert ask(exchange, session, less)["status"] == 200
    assert list(session.streams) == ["btcusd@trade"]
    assert ask(exchange, session, {"id": 100, "method": "ping"}) == {"id": 100, "status": 200}
    assert ask(exchange, session, {"id": 1, "method": "conninfo"})["result"]["rateLimits"]


@pytest.mark.parametrize(
    "request_",
    [
        "{",
        [],
        {"id": 1, "method": "hello"},
        {"id": 1},
        {"id": 1, "method": "subscribe"},
        {"id": 1, "method": "subscribe", "params": {"streams": ["btcusd@trade"]}},
        {"id": 1, "method": "subscribe", "params": ["btcusd@nothing"]},
    ],
)
def test_a_wrong_request_is_refused(exchange: Gemini, request_: object) -> None:
    session = opened(exchange)
    answer = ask(exchange, session, request_)
    assert (answer["status"], answer["error"]["code"]) == (400, -1013)
    assert not session.streams


def test_a_book_begins_whole_and_each_update_where_the_last_ended(exchange: Gemini) -> None:
    name = "btcusd@depth@100ms"
    (greeting,) = exchange.greet(name, START)
    snapshot = json.loads(greeting)
    updates = stream(exchange, name)
    assert snapshot["U"] == snapshot["u"]
    for before, after in pairwise([snapshot, *updates]):
        assert after["U"] == before["u"] < after["u"]
    sides = {side: dict(snapshot[side]) for side in "ba"}
    for update in updates:
        for side, levels in sides.items():
            for price, amount in update[side]:
                levels[price] = amount
                if float(amount) == 0:
                    del levels[price]
    market, notation = exchange._market, exchange._notations[0]
    levels_now = market.books[0].levels(updates[-1]["u"] // 2)
    assert sides == {
        side: {notation.price(price): notation.amount(amount) for price, amount in levels}
        for side, levels in zip("ba", levels_now, strict=True)
    }
    rest = json.loads(get(exchange, "/v1/book/btcusd?limit_bids=3&limit_asks=0").body)
    assert len(rest["bids"]) == 3
    assert len(rest["asks"]) > 50


@pytest.mark.parametrize(
    ("target", "levels"), [("/", None), ("/?snapshot=0", None), ("/?snapshot=5", 5), ("/?snapshot=-7", 200)]
)
def test_who_connects_says_with_how_many_levels_books_begin(
    exchange: Gemini, target: str, levels: int | None
) -> None:
    session = opened(exchange, target)
    assert ask(exchange, session, subscribe("btcusd@depth@100ms"))["status"] == 200
    (name,) = session.streams
    greeting = [json.loads(text) for text in exchange.greet(name, START)]
    if levels is None:
        assert not greeting
    else:
        assert 0 < len(greeting[0]["b"]) <= levels
        assert levels > 5 or len(greeting[0]["b"]) == levels
    assert stream(exchange, name, 200) == stream(exchange, "btcusd@depth@100ms", 200)
    assert ask(exchange, session, {"id": 1, "method": "list_subscriptions"})["result"] == [
        "btcusd@depth@100ms"
    ]


def test_trades_have_no_event_name_and_ids_that_skip(exchange: Gemini) -> None:
    trades = stream(exchange, "ethgusdperp@trade")
    assert all("e" not in trade for trade in trades)
    ids = [trade["t"] for trade in trades]
    assert all(after == before + 2 for before, after in pairwise(ids))
    assert {trade["m"] for trade in trades} == {True, False}


def test_quotes_tell_the_touch(exchange: Gemini) -> None:
    for quote in stream(exchange, "btcusd@bookTicker", 500):
        top = exchange._market.books[0].top(quote["u"] // 2)
        assert float(quote["b"]) == top.bid / 100
        assert float(quote["a"]) == top.ask / 100


def test_trades_over_rest_are_the_first_after_a_time_or_an_id(exchange: Gemini) -> None:
    trades = stream(exchange, "btcusd@trade")
    times = [trade["E"] // 10**6 for trade in trades]
    later = [trade["t"] for trade, time in zip(trades, times, strict=True) if time > times[5]]
    answer = json.loads(get(exchange, f"/v1/trades/btcusd?timestamp={times[5]}&limit_trades=10").body)
    assert [row["tid"] for row in answer] == later[:10][::-1]
    for row in answer:
        trade = next(each for each in trades if each["t"] == row["tid"])
        assert (row["price"], row["amount"]) == (trade["p"], trade["q"])
        assert row["type"] == ("sell" if trade["m"] else "buy")
        assert row["timestampms"] == trade["E"] // 10**6
    by_id = json.loads(get(exchange, f"/v1/trades/BTCUSD?since_tid={trades[2]['t']}&limit_trades=3").body)
    assert [row["tid"] for row in by_id] == [trade["t"] for trade in trades[5:2:-1]]
    newest = json.loads(get(exchange, "/v1/trades/btcusd").body)
    assert [row["tid"] for row in newest] == [trade["t"] for trade in trades[:-51:-1]]
    assert get(exchange, "/v1/trades/btcusd?since_tid=x").status == 400


def test_rest_knows_its_symbols_and_nothing_else(exchange: Gemini) -> None:
    assert json.loads(get(exchange, "/v1/symbols").body) == ["btcusd", "ethgusdperp"]
    details = json.loads(get(exchange, "/v1/symbols/details/ETHGUSDPERP").body)
    assert (details["product_type"], details["base_currency"]) == ("swap", "ETH")
    unknown = get(exchange, "/v1/trades/nousd")
    assert (unknown.status, json.loads(unknown.body)["reason"]) == (400, "InvalidSymbol")
    assert get(exchange, "/v1/nothing").status == 404


def test_120_requests_a_minute_are_answered(exchange: Gemini) -> None:
    answers = [get(exchange, "/v1/symbols", now_ns=60 * 10**9).status for _ in range(121)]
    assert answers == [200] * 120 + [429]
    assert get(exchange, "/v1/symbols", now_ns=120 * 10**9).status == 200


@pytest.mark.parametrize(("target", "status"), [("/ws", 404), ("/?snapshot=x", 400)])
def test_other_addresses_are_refused(exchange: Gemini, target: str, status: int) -> None:
    refused = exchange.connect(target)
    assert isinstance(refused, HttpAnswer)
    assert refused.status == status


@pytest.mark.parametrize("symbol", ["BTCUSD", "btc-usd", "btc", "usd", "perp", ""])
def test_symbols_that_the_exchange_would_not_spell_are_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="gemini spells symbols like btcusd"):
        Gemini.instrument(symbol)
