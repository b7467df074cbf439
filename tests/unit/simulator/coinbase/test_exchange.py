"""Coinbase Advanced Trade's requests, channels, numbers and REST answers, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daedalus.simulator.exchanges.coinbase.exchange import Coinbase
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9


@pytest.fixture
def exchange() -> Coinbase:
    instruments = [Coinbase.instrument(symbol) for symbol in ("BTC-USD", "SKL-BTC")]
    return Coinbase(Market(instruments, Coinbase.mixture, rate=80, depth=100))


@pytest.fixture
def session(exchange: Coinbase) -> Session:
    found = exchange.connect("/")
    assert isinstance(found, Session)
    return found


def ask(exchange: Coinbase, session: Session, request: object) -> dict[str, Any]:
    text = request if isinstance(request, str) else json.dumps(request)
    (answer,) = exchange.receive(session, text)
    found = json.loads(exchange.frame(session, answer))
    assert isinstance(found, dict)
    return found


def wish(channel: str, *products: str, kind: str = "subscribe") -> dict[str, object]:
    return {"type": kind, "channel": channel, "product_ids": list(products)}


def framed(exchange: Coinbase, texts: list[str]) -> list[dict[str, Any]]:
    session = exchange.connect("/")
    assert isinstance(session, Session)
    return [json.loads(exchange.frame(session, text)) for text in texts]


def stream(exchange: Coinbase, name: str, steps: int = 2000) -> list[dict[str, Any]]:
    market, audience = exchange._market, {name: {(): True}}
    numbers = range(START + 1, START + 1 + steps)
    return framed(
        exchange,
        [text for number in numbers for _, _, text in exchange.publish(market.step(number), audience)],
    )


def get(exchange: Coinbase, path: str, step: int = START + 2000) -> dict[str, Any]:
    answer = exchange.rest(HttpRequest.parse(f"/api/v3/brokerage{path}"), step, NOW)
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


def test_all_subscriptions_are_listed_after_every_request(exchange: Coinbase, session: Session) -> None:
    ask(exchange, session, {"type": "subscribe", "channel": "heartbeats"})
    answer = ask(exchange, session, wish("level2", "BTC-USD", "SKL-BTC"))
    assert answer["channel"] == "subscriptions"
    assert answer["events"] == [
        {"subscriptions": {"heartbeats": ["heartbeats"], "level2": ["BTC-USD", "SKL-BTC"]}}
    ]
    less = ask(exchange, session, wish("level2", "BTC-USD", kind="unsubscribe"))
    assert less["events"][0]["subscriptions"]["level2"] == ["SKL-BTC"]


def test_every_frame_counts_but_errors(exchange: Coinbase, session: Session) -> None:
    other = exchange.connect("/")
    assert isinstance(other, Session)
    assert ask(exchange, session, wish("level2", "BTC-USD"))["sequence_num"] == 0
    assert ask(exchange, session, "{") == {"type": "error", "message": "failure to parse request"}
    assert ask(exchange, session, wish("ticker", "BTC-USD"))["sequence_num"] == 1
    assert ask(exchange, other, wish("ticker", "BTC-USD"))["sequence_num"] == 0
    numbers = [message["sequence_num"] for message in stream(exchange, "level2:BTC-USD")]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize(
    "request_",
    [
        [],
        {"type": "hello"},
        wish("level2"),
        wish("level2", "DOGE-USD"),
        wish("candles", "BTC-USD"),
        {"type": "subscribe", "channel": "ticker", "product_ids": "BTC-USD"},
        {"type": "subscribe", "channel": "ticker", "product_ids": [5]},
    ],
)
def test_a_wrong_request_is_refused_whole(exchange: Coinbase, session: Session, request_: object) -> None:
    assert ask(exchange, session, request_)["type"] == "error"
    assert not session.streams


def test_a_dollar_coin_book_is_the_dollar_book(exchange: Coinbase, session: Session) -> None:
    ask(exchange, session, wish("market_trades", "BTC-USDC"))
    assert list(session.streams) == ["market_trades:BTC-USD"]


def test_trades_come_newest_first_and_go_on_from_the_snapshot(exchange: Coinbase) -> None:
    (snapshot,) = framed(exchange, list(exchange.greet("market_trades:BTC-USD", START)))
    updates = stream(exchange, "market_trades:BTC-USD")
    recent = [int(each["trade_id"]) for each in snapshot["events"][0]["trades"]]
    assert snapshot["events"][0]["type"] == "snapshot"
    assert recent == list(range(recent[0], recent[0] - 100, -1))
    following = recent[0]
    several = 0
    for message in updates:
        numbers = [int(each["trade_id"]) for each in message["events"][0]["trades"]]
        assert numbers == list(range(following + len(numbers), following, -1))
        following += len(numbers)
        several += len(numbers) > 1
    assert several > 10


def test_the_side_of_a_trade_is_the_makers(exchange: Coinbase) -> None:
    for message in stream(exchange, "market_trades:BTC-USD"):
        for trade in message["events"][0]["trades"]:
            order = exchange._market.order(0, exchange._market.order_of_fill(int(trade["trade_id"])))
            assert trade["side"] == ("SELL" if order.buy else "BUY")


def test_updates_lead_from_the_snapshot_to_the_rest_book(exchange: Coinbase) -> None:
    (snapshot,) = framed(exchange, list(exchange.greet("level2:BTC-USD", START)))
    sides: dict[str, dict[str, str]] = {"bid": {}, "offer": {}}
    for message in (snapshot, *stream(exchange, "level2:BTC-USD")):
        assert message["channel"] == "l2_data"
        for change in message["events"][0]["updates"]:
            sides[change["side"]][change["price_level"]] = change["new_quantity"]
            if change["new_quantity"] == "0":
                del sides[change["side"]][change["price_level"]]
    market = exchange._market
    audience = {"level2:BTC-USD": {(): True}}
    last = next(
        number
        for number in range(START + 2000, START, -1)
        if list(exchange.publish(market.step(number), audience))
    )
    book = get(exchange, "/market/product_book?product_id=BTC-USD", last)["pricebook"]
    assert sides == {
        side: {level["price"]: level["size"] for level in book[key]}
        for side, key in (("bid", "bids"), ("offer", "asks"))
    }


def test_tickers_come_with_trades_and_heartbeats_every_second(exchange: Coinbase) -> None:
    tickers = stream(exchange, "ticker:BTC-USD")
    trades = stream(exchange, "market_trades:BTC-USD")
    assert len(tickers) == len(trades) > 100
    for ticker in (each["events"][0]["tickers"][0] for each in tickers):
        assert float(ticker["best_bid"]) < float(ticker["best_ask"])
    beats = [
        text
        for second in (5, 6)
        for _, _, text in exchange.each_second(START, second, {"heartbeats": {(): True}})
    ]
    assert [each["events"][0]["heartbeat_counter"] for each in framed(exchange, beats)] == [5, 6]


def test_rest_trades_are_the_latest_of_a_span_newest_first(exchange: Coinbase) -> None:
    market = exchange._market
    now = market.time_of(START + 2000) // 10**9
    path = f"/market/products/BTC-USD/ticker?limit=1000&start={now - 10}&end={now}"
    trades = get(exchange, path)["trades"]
    numbers = [int(each["trade_id"]) for each in trades]
    assert len(numbers) > 50
    assert numbers == list(range(numbers[0], numbers[-1] - 1, -1))
    order = market.order(0, market.order_of_fill(numbers[-1]))
    before = market.order(0, order.id - 1)
    assert before.time_ns < (now - 10) * 10**9 <= order.time_ns
    assert get(exchange, path.replace("limit=1000", "limit=3"))["trades"] == trades[:3]
    streamed = [
        each
        for message in stream(exchange, "market_trades:BTC-USD")
        for each in message["events"][0]["trades"]
    ]
    assert [each for each in streamed if int(each["trade_id"]) in numbers][-1:] == [
        each for each in trades if each["trade_id"] == streamed[-1]["trade_id"]
    ]


def test_products_are_listed_and_others_are_not_found(exchange: Coinbase) -> None:
    products = get(exchange, "/market/products?product_type=SPOT")["products"]
    assert [(each["product_id"], each["price_increment"]) for each in products] == [
        ("BTC-USD", "0.01"),
        ("SKL-BTC", "0.00000001"),
    ]
    assert get(exchange, "/market/products?product_type=FUTURE")["products"] == []
    assert get(exchange, "/market/products/SKL-BTC") == products[1]
    assert get(exchange, "/time")["epochSeconds"] == str(NOW // 10**9)
    for path in ("/market/products/NO-NO", "/market/products/NO-NO/ticker?limit=1", "/nothing"):
        assert get(exchange, path)["error"] == "NOT_FOUND"
    assert get(exchange, "/market/products/BTC-USD/ticker")["error"] == "INVALID_ARGUMENT"


def test_recordings_may_name_products_that_the_market_does_not_have(exchange: Coinbase) -> None:
    lenient = Coinbase(exchange._market, any_symbol=True)
    session = lenient.connect("/")
    assert isinstance(session, Session)
    assert ask(lenient, session, wish("level2", "DOGE-USD"))["channel"] == "subscriptions"
    assert lenient.connect("/ws") == HttpAnswer(b"", status=404)


def test_products_are_spelled_in_capitals_with_a_dash() -> None:
    with pytest.raises(ValueError, match="coinbase spells products like BTC-USD"):
        Coinbase.instrument("BTCUSD")
