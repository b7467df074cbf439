"""Bybit's requests, topics and REST answers, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.contracts import is_liquidation
from daedalus.simulator.exchanges.bybit.exchange import Bybit, BybitSpot
from daedalus.simulator.exchanges.bybit.text import trade_id
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SYMBOLS = ("BTCUSDT", "ETHUSDT")


def made(kind: type[Bybit]) -> Bybit:
    instruments = [kind.instrument(symbol) for symbol in SYMBOLS]
    return kind(Market(instruments, kind.mixture, rate=80, depth=300))


@pytest.fixture(params=[Bybit, BybitSpot])
def exchange(request: pytest.FixtureRequest) -> Bybit:
    return made(request.param)


def connect(exchange: Bybit) -> Session:
    session = exchange.connect(f"/v5/public/{exchange.category}")
    assert isinstance(session, Session)
    return session


def ask(exchange: Bybit, session: Session, request: object) -> dict[str, Any]:
    text = request if isinstance(request, str) else json.dumps(request)
    (answer,) = exchange.receive(session, text)
    return json.loads(answer)


def stream(exchange: Bybit, topic: str, steps: int = 4000) -> list[dict[str, Any]]:
    numbers = range(START, START + steps)
    audience = {topic: {(): True}}
    texts = [
        text for number in numbers for _, _, text in exchange.publish(exchange._market.step(number), audience)
    ]
    return [json.loads(text) for text in texts]


def get(exchange: Bybit, target: str, step: int = START + 3999, now_ns: int = NOW) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, now_ns)


def test_each_category_has_its_own_path(exchange: Bybit) -> None:
    other = {"linear": "spot", "spot": "linear"}[exchange.category]
    assert isinstance(exchange.connect(f"/v5/public/{other}"), HttpAnswer)
    first, second = connect(exchange), connect(exchange)
    ping = {"op": "ping"}
    assert ask(exchange, first, ping)["conn_id"] != ask(exchange, second, ping)["conn_id"]


def test_streams_are_begun_and_ended_as_asked(exchange: Bybit) -> None:
    session = connect(exchange)
    topics = ["publicTrade.BTCUSDT", "orderbook.50.BTCUSDT"]
    answer = ask(exchange, session, {"req_id": "7", "op": "subscribe", "args": topics})
    told = "subscribe" if exchange.category == "spot" else ""
    assert answer == {
        "success": True,
        "ret_msg": told,
        "conn_id": answer["conn_id"],
        "req_id": "7",
        "op": "subscribe",
    }
    assert list(session.streams) == topics
    assert ask(exchange, session, {"op": "unsubscribe", "args": topics[:1]})["req_id"] == ""
    assert list(session.streams) == topics[1:]


def test_a_ping_is_answered(exchange: Bybit) -> None:
    answer = ask(exchange, connect(exchange), {"req_id": "100001", "op": "ping"})
    assert (answer["success"], answer["ret_msg"], answer["op"]) == (True, "pong", "ping")


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ("no json", "error:invalid request"),
        ({"op": "dance"}, "error:invalid op"),
        ({"op": "subscribe", "args": []}, "error:request args is empty or invalid"),
        ({"op": "subscribe", "args": [5]}, "error:request args is empty or invalid"),
        (
            {"op": "subscribe", "args": ["publicTrade.BTCUSDT", "publicTrade.NOPE"]},
            "error:handler not found,topic:publicTrade.NOPE",
        ),
        (
            {"op": "subscribe", "args": ["orderbook.7.BTCUSDT"]},
            "error:handler not found,topic:orderbook.7.BTCUSDT",
        ),
    ],
)
def test_a_wrong_request_is_refused_as_a_whole(exchange: Bybit, request_: object, problem: str) -> None:
    session = connect(exchange)
    answer = ask(exchange, session, request_)
    assert (answer["success"], answer["ret_msg"]) == (False, problem)
    assert not session.streams


def test_spot_takes_ten_topics_at_once_and_no_derivatives() -> None:
    spot = made(BybitSpot)
    topics = [f"orderbook.50.{symbol}" for symbol in SYMBOLS] * 6
    answer = ask(spot, connect(spot), {"op": "subscribe", "args": topics[:11]})
    assert (answer["success"], answer["ret_msg"]) == (False, "args size >10")
    assert ask(spot, connect(spot), {"op": "subscribe", "args": topics[:10]})["success"]
    assert not ask(spot, connect(spot), {"op": "subscribe", "args": ["tickers.BTCUSDT"]})["success"]


def test_a_connection_takes_so_many_characters_of_topics() -> None:
    exchange = made(Bybit)
    session = connect(exchange)
    topics = ["publicTrade.BTCUSDT"] * 1100
    assert ask(exchange, session, {"op": "subscribe", "args": topics})["success"]
    assert not ask(exchange, session, {"op": "subscribe", "args": topics[:10]})["success"]


@pytest.mark.parametrize("depth", [50, 200, 1000])
def test_a_book_begins_with_a_snapshot_and_each_message_counts_one_more(exchange: Bybit, depth: int) -> None:
    topic = f"orderbook.{depth}.BTCUSDT"
    (text,) = exchange.greet(topic, START - 1)
    first = json.loads(text)
    assert (first["topic"], first["type"]) == (topic, "snapshot")
    sides = {side: dict(first["data"][side]) for side in "ba"}
    messages = stream(exchange, topic)
    assert len(messages) > 200
    numbers = [first["data"]["u"], *(message["data"]["u"] for message in messages)]
    assert all(after == before + 1 for before, after in pairwise(numbers))
    for message in messages:
        assert message["type"] == "delta"
        for side in "ba":
            for price, amount in message["data"][side]:
                sides[side][price] = amount
                if float(amount) == 0:
                    del sides[side][price]
    last = json.loads(
        get(exchange, f"/v5/market/orderbook?category={exchange.category}&symbol=BTCUSDT&limit={depth}").body
    )
    assert last["result"]["u"] == numbers[-1]
    assert {side: dict(last["result"][side]) for side in "ba"} == sides


def test_the_top_of_the_book_comes_whole(exchange: Bybit) -> None:
    (first, *_) = stream(exchange, "orderbook.1.ETHUSDT")
    assert first["type"] == "snapshot"
    top = exchange._market.books[1].top(first["data"]["u"])
    assert float(first["data"]["b"][0][0]) == top.bid / 100
    assert float(first["data"]["a"][0][0]) == top.ask / 100


def test_trades_have_ids_that_tell_no_order(exchange: Bybit) -> None:
    messages = stream(exchange, "publicTrade.BTCUSDT")
    rows = [row for message in messages for row in message["data"]]
    ids = [row["i"] for row in rows]
    assert len(set(ids)) == len(ids) > 100
    assert (ids == sorted(ids)) == (exchange.category == "spot")
    assert any(len(message["data"]) > 1 for message in messages)
    again = json.loads(
        get(exchange, f"/v5/market/recent-trade?category={exchange.category}&symbol=BTCUSDT&limit=50").body
    )["result"]["list"]
    names = {"i": "execId", "p": "price", "v": "size", "S": "side"}
    assert [{key: row[key] for key in names} for row in rows[-50:]] == [
        {key: row[name] for key, name in names.items()} for row in reversed(again)
    ]


def test_tickers_begin_whole_and_then_tell_what_changes() -> None:
    exchange = made(Bybit)
    (text,) = exchange.greet("tickers.BTCUSDT", START)
    whole = json.loads(text)
    assert whole["type"] == "snapshot"
    assert {"lastPrice", "markPrice", "indexPrice", "openInterest", "fundingRate"} <= set(whole["data"])
    audience = {"tickers.BTCUSDT": {(): True}}
    changes = [
        json.loads(text)
        for second in range(6)
        for _, _, text in exchange.each_second(START + 80 * second, second, audience)
    ]
    assert {message["type"] for message in changes} == {"delta"}
    assert {len(message["data"]) for message in changes} == {2, 7}


def test_some_orders_are_liquidations_of_the_other_side() -> None:
    exchange = made(Bybit)
    messages = stream(exchange, "allLiquidation.BTCUSDT", 20_000)
    assert len(messages) > 10
    orders = {}
    for number in range(START, START + 20_000):
        order = exchange._market.step(number).order
        if order and is_liquidation(order) and exchange._market.step(number).place == 0:
            orders[order.time_ns // 10**6] = order
    for message in messages:
        (row,) = message["data"]
        assert row["S"] == ("Sell" if orders[row["T"]].buy else "Buy")


def test_instruments_come_in_pages() -> None:
    exchange = made(Bybit)
    path = "/v5/market/instruments-info?category=linear&limit=1"
    first = json.loads(get(exchange, path).body)["result"]
    second = json.loads(get(exchange, f"{path}&cursor={first['nextPageCursor']}").body)["result"]
    assert [page["list"][0]["symbol"] for page in (first, second)] == list(SYMBOLS)
    assert second["nextPageCursor"] == ""
    assert json.loads(get(exchange, f"{path}&status=PreLaunch").body)["result"]["list"] == []


@pytest.mark.parametrize(
    "target",
    [
        "/v5/market/recent-trade?category=option&symbol=BTCUSDT",
        "/v5/market/recent-trade?category={category}&symbol=NOPE",
        "/v5/market/orderbook?category={category}&symbol=BTCUSDT&limit=x",
    ],
)
def test_wrong_questions_over_rest_are_told_so(exchange: Bybit, target: str) -> None:
    answer = json.loads(get(exchange, target.format(category=exchange.category)).body)
    assert answer["retCode"] == 10001


def test_too_many_requests_are_refused_until_the_next_five_seconds(exchange: Bybit) -> None:
    answers = [get(exchange, "/v5/market/time").status for _ in range(601)]
    assert answers == [200] * 600 + [403]
    assert get(exchange, "/v5/market/time", now_ns=NOW + 5 * 10**9).status == 200
    assert get(exchange, "/v5/nowhere", now_ns=NOW + 10 * 10**9).status == 404


def test_ids_of_trades_are_the_exchanges_own_kinds() -> None:
    assert len(trade_id("linear", "BTCUSDT", 5)) == 36
    assert trade_id("linear", "BTCUSDT", 5) != trade_id("linear", "ETHUSDT", 5)
    assert trade_id("spot", "BTCUSDT", 5).isdecimal()
    with pytest.raises(ValueError, match="spells symbols like BTCUSDT"):
        Bybit.instrument("BTC-USDT")
    assert (Bybit.instrument("BTCPERP").base, Bybit.instrument("BTCPERP").quote) == ("BTC", "USDC")
