"""Coinbase Exchange's requests, channels and REST answers, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daedalus.simulator.exchanges.coinbase_exchange.exchange import CoinbaseExchange
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SIGNED = {"key": "k", "passphrase": "p", "timestamp": "1", "signature": "s"}


@pytest.fixture
def exchange() -> CoinbaseExchange:
    instruments = [CoinbaseExchange.instrument(symbol) for symbol in ("BTC-USD", "SKL-BTC")]
    return CoinbaseExchange(Market(instruments, CoinbaseExchange.mixture, rate=80, depth=100))


def ask(exchange: CoinbaseExchange, session: Session, request: object) -> dict[str, Any]:
    text = request if isinstance(request, str) else json.dumps(request)
    (answer,) = exchange.receive(session, text)
    return json.loads(answer)


def subscribe(**fields: object) -> dict[str, object]:
    return {"type": "subscribe", **fields}


def stream(exchange: CoinbaseExchange, name: str, steps: int = 1000) -> list[dict[str, Any]]:
    market, audience = exchange._market, {name: {(): True}}
    numbers = range(START + 1, START + 1 + steps)
    return [json.loads(text) for n in numbers for _, _, text in exchange.publish(market.step(n), audience)]


def get(exchange: CoinbaseExchange, target: str, step: int = START + 1000) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, NOW)


def test_subscriptions_are_listed_after_every_request(exchange: CoinbaseExchange) -> None:
    session = Session()
    first = subscribe(product_ids=["BTC-USD"], channels=["matches", "level2_batch"])
    assert ask(exchange, session, first) == {
        "type": "subscriptions",
        "channels": [
            {"name": "matches", "product_ids": ["BTC-USD"], "account_ids": None},
            {"name": "level2_50", "product_ids": ["BTC-USD"], "account_ids": None},
        ],
    }
    ask(exchange, session, subscribe(channels=[{"name": "matches", "product_ids": ["SKL-BTC"]}, "status"]))
    assert list(session.streams) == ["matches:BTC-USD", "level2_batch:BTC-USD", "matches:SKL-BTC", "status"]
    less = {"type": "unsubscribe", "product_ids": ["BTC-USD"], "channels": ["matches", "level2_batch"]}
    assert [row["name"] for row in ask(exchange, session, less)["channels"]] == ["matches", "status"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("{", "Malformed JSON"),
        ([], "Type has to be"),
        ({"type": "hello"}, "Type has to be"),
        (subscribe(), "have to be lists"),
        (subscribe(product_ids=["DOGE-USD"], channels=["matches"]), "DOGE-USD is not a valid product"),
        (subscribe(product_ids=["BTC-USD"], channels=["candles"]), "candles is not a valid channel"),
        (subscribe(channels=["heartbeat"]), "at least one product ID for channel heartbeat"),
        (subscribe(product_ids=["BTC-USD"], channels=["level2"]), "now require authentication"),
        (subscribe(product_ids=["BTC-USD"], channels=["matches", "full"]), "full is not a valid channel"),
    ],
)
def test_a_wrong_request_is_refused_whole(exchange: CoinbaseExchange, request_: object, reason: str) -> None:
    session = Session()
    answer = ask(exchange, session, request_)
    assert answer["type"] == "error"
    assert reason in answer.get("reason", answer["message"])
    assert not session.streams


def test_matches_go_on_from_the_last_match_and_heartbeats_name_the_last(exchange: CoinbaseExchange) -> None:
    (greeting,) = exchange.greet("matches:SKL-BTC", START)
    last = json.loads(greeting)
    matches = stream(exchange, "matches:SKL-BTC")
    assert last["type"] == "last_match"
    assert [each["trade_id"] for each in matches] == list(
        range(last["trade_id"] + 1, last["trade_id"] + 1 + len(matches))
    )
    numbers = [last["sequence"], *(each["sequence"] for each in matches)]
    assert numbers == sorted(set(numbers))
    audience = {"heartbeat:SKL-BTC": {(): True}}
    ((_, _, text),) = exchange.each_second(START + 1000, NOW // 10**9, audience)
    heartbeat = json.loads(text)
    assert heartbeat["last_trade_id"] == matches[-1]["trade_id"]
    assert heartbeat["time"] == "2027-01-15T08:00:00.000000Z"


def test_the_side_of_a_match_is_the_makers_and_that_of_a_ticker_the_takers(
    exchange: CoinbaseExchange,
) -> None:
    matches = {each["trade_id"]: each for each in stream(exchange, "matches:BTC-USD")}
    tickers = [each for each in stream(exchange, "ticker:BTC-USD") if each["trade_id"] in matches]
    assert len(tickers) > 50
    for ticker in tickers:
        match = matches[ticker["trade_id"]]
        assert {ticker["side"], match["side"]} == {"buy", "sell"}
        assert (ticker["price"], ticker["last_size"]) == (match["price"], match["size"])
        assert ticker["sequence"] == match["sequence"]
        assert float(ticker["low_24h"]) <= float(ticker["open_24h"]) <= float(ticker["high_24h"])


@pytest.mark.parametrize("channel", ["level2_batch", "level2"])
def test_updates_lead_from_the_snapshot_to_the_rest_book(exchange: CoinbaseExchange, channel: str) -> None:
    ask(exchange, Session(), subscribe(product_ids=["BTC-USD"], channels=[channel], **SIGNED))
    (greeting,) = exchange.greet(f"{channel}:BTC-USD", START)
    snapshot = json.loads(greeting)
    sides = {"buy": dict(snapshot["bids"]), "sell": dict(snapshot["asks"])}
    updates = stream(exchange, f"{channel}:BTC-USD")
    assert len(updates) > 200
    for update in updates:
        for side, price, amount in update["changes"]:
            sides[side][price] = amount
            if float(amount) == 0:
                del sides[side][price]
    # the last batch may lie some steps back: ask for the book as it was then
    market = exchange._market
    steps = (START + 1000 - back for back in range(100))
    last = next(
        n for n in steps if list(exchange.publish(market.step(n), {f"{channel}:BTC-USD": {(): True}}))
    )
    book = json.loads(get(exchange, "/products/BTC-USD/book?level=2", last).body)
    assert sides == {
        side: {price: amount for price, amount, _ in book[key]}
        for side, key in (("buy", "bids"), ("sell", "asks"))
    }


def test_rest_trades_are_the_matches_and_their_cursors_lead_through_all(exchange: CoinbaseExchange) -> None:
    matches = [
        {key: each[key] for key in ("trade_id", "side", "size", "price", "time")}
        for each in stream(exchange, "matches:BTC-USD")
    ]
    rows: list[dict[str, Any]] = []
    after = ""
    while len(rows) < len(matches):
        answer = get(exchange, f"/products/BTC-USD/trades?limit=100{after}")
        page = json.loads(answer.body)
        assert answer.headers == {
            "CB-BEFORE": str(page[0]["trade_id"]),
            "CB-AFTER": str(page[-1]["trade_id"]),
        }
        rows += page
        after = f"&after={answer.headers['CB-AFTER']}"
    assert rows[: len(matches)] == matches[::-1]
    newer = get(exchange, f"/products/BTC-USD/trades?before={matches[-4]['trade_id']}")
    assert json.loads(newer.body) == matches[:-4:-1]


@pytest.mark.parametrize("target", ["/products/NO-NO/book", "/nothing", "/products/BTC-USD/nothing"])
def test_what_is_not_there_is_not_found(exchange: CoinbaseExchange, target: str) -> None:
    assert get(exchange, target).status == 404


def test_products_time_and_status_describe_the_market(exchange: CoinbaseExchange) -> None:
    products = json.loads(get(exchange, "/products").body)
    assert [(each["id"], each["quote_increment"]) for each in products] == [
        ("BTC-USD", "0.01"),
        ("SKL-BTC", "0.00000001"),
    ]
    assert json.loads(get(exchange, "/time").body)["epoch"] == NOW / 10**9
    (text,) = exchange.greet("status", START)
    assert json.loads(text)["products"] == products
    assert {each["id"] for each in json.loads(get(exchange, "/currencies").body)} == {"BTC", "SKL", "USD"}


def test_recordings_may_name_products_that_the_market_does_not_have(exchange: CoinbaseExchange) -> None:
    lenient = CoinbaseExchange(exchange._market, any_symbol=True)
    answer = ask(lenient, Session(), subscribe(product_ids=["DOGE-USD"], channels=["matches"]))
    assert answer["type"] == "subscriptions"


def test_tickers_of_one_number_say_the_same(exchange: CoinbaseExchange) -> None:
    told: dict[int, set[str]] = {}
    greetings = (next(exchange.greet("ticker:BTC-USD", START + number)) for number in range(1, 1000))
    for ticker in (*stream(exchange, "ticker:BTC-USD"), *map(json.loads, greetings)):
        told.setdefault(ticker["sequence"], set()).add(str(ticker))
    assert {len(texts) for texts in told.values()} == {1}
