"""Binance's requests, streams and REST answers, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.exchanges.binance.exchange import Binance
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@pytest.fixture
def exchange() -> Binance:
    instruments = [Binance.instrument(symbol) for symbol in SYMBOLS]
    return Binance(Market(instruments, Binance.mixture, rate=40, depth=100))


def connect(exchange: Binance, target: str = "/stream") -> Session:
    session = exchange.connect(target)
    assert isinstance(session, Session)
    return session


def ask(exchange: Binance, session: Session, request: object) -> dict[str, Any]:
    text = request if isinstance(request, str) else json.dumps(request)
    (answer,) = exchange.receive(session, text)
    return json.loads(answer)


def stream(exchange: Binance, target: str, steps: int = 2000) -> list[dict[str, Any]]:
    session = connect(exchange, target)
    audience = {name: {form: True} for name, form in session.streams.items()}
    market = exchange._market
    numbers = range(START, START + steps)
    return [json.loads(text) for n in numbers for _, _, text in exchange.publish(market.step(n), audience)]


def get(exchange: Binance, target: str, step: int = START + 1999, now_ns: int = NOW) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, now_ns)


def test_streams_are_managed_as_asked(exchange: Binance) -> None:
    session = connect(exchange, "/stream?streams=btcusdt@trade/ethusdt@depth@100ms")
    assert ask(exchange, session, {"method": "SUBSCRIBE", "params": ["nosuch@trade"], "id": 1}) == {
        "result": None,
        "id": 1,
    }
    ask(exchange, session, {"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": "a"})
    listed = ask(exchange, session, {"method": "LIST_SUBSCRIPTIONS", "id": None})
    assert listed == {"result": ["ethusdt@depth@100ms", "nosuch@trade"], "id": None}


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ("{", 3, "Invalid JSON"),
        ({"id": 1}, 2, "missing field `method`"),
        ({"method": "subscribe", "params": [], "id": 1}, 2, "unknown variant `subscribe`"),
        ({"method": "SUBSCRIBE", "params": "btcusdt@trade", "id": 1}, 2, "expected a sequence"),
        ({"method": "SUBSCRIBE", "params": [1], "id": 1}, 2, "expected a string"),
        ({"method": "SUBSCRIBE", "params": [], "id": "x" * 37}, 2, "request ID"),
        ({"method": "SUBSCRIBE", "params": [f"s{n}@trade" for n in range(1025)], "id": 1}, 2, "too many"),
        ({"method": "GET_PROPERTY", "params": ["colour"], "id": 1}, 0, "Unknown property"),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1, "expected Boolean"),
    ],
)
def test_what_is_wrong_is_answered_with_its_code(
    exchange: Binance, wrong: object, code: int, says: str
) -> None:
    error = ask(exchange, connect(exchange), wrong)["error"]
    assert error["code"] == code
    assert says in error["msg"]


def test_too_many_streams_in_the_url_and_unknown_paths_are_refused(exchange: Binance) -> None:
    many = "/".join(f"s{number}@trade" for number in range(1025))
    assert isinstance(exchange.connect(f"/stream?streams={many}"), HttpAnswer)
    assert isinstance(exchange.connect("/elsewhere"), HttpAnswer)


def test_raw_and_combined_streams_carry_the_same_payload(exchange: Binance) -> None:
    wrapped = stream(exchange, "/stream?streams=btcusdt@trade")
    raw = stream(exchange, "/ws/btcusdt@trade")
    assert [message["data"] for message in wrapped] == raw
    assert {message["stream"] for message in wrapped} == {"btcusdt@trade"}
    session = connect(exchange, "/ws/btcusdt@trade")
    ask(exchange, session, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 1})
    assert session.streams == connect(exchange, "/stream?streams=btcusdt@trade").streams


def test_microseconds_are_given_where_asked_for(exchange: Binance) -> None:
    coarse = stream(exchange, "/ws/btcusdt@trade")
    fine = stream(exchange, "/ws/btcusdt@trade?timeUnit=microsecond")
    assert [message["T"] // 1000 for message in fine] == [message["T"] for message in coarse]
    assert all(message["E"] == message["T"] > 10**15 for message in fine)


@pytest.mark.parametrize("name", ["btcusdt@depth@100ms", "ethusdt@depth"])
def test_diffs_are_consecutive_and_lead_from_one_rest_book_to_another(exchange: Binance, name: str) -> None:
    symbol = name.partition("@")[0].upper()
    book = json.loads(get(exchange, f"/api/v3/depth?symbol={symbol}&limit=5000", START).body)
    sides = {key: dict(book[key]) for key in ("bids", "asks")}
    last = book["lastUpdateId"]
    diffs = stream(exchange, f"/ws/{name}")
    assert len(diffs) > 20
    for diff in diffs:
        assert diff["U"] <= last + 1 <= diff["u"]
        last = diff["u"]
        for side, key in (("bids", "b"), ("asks", "a")):
            for price, amount in diff[key]:
                sides[side][price] = amount
                if float(amount) == 0:
                    del sides[side][price]
        step = START + (last - exchange._market.update_at(SYMBOLS.index(symbol), START)) * len(SYMBOLS)
        # a minute later each time, as the weight of so many books is more than one minute allows
        answer = get(exchange, f"/api/v3/depth?symbol={symbol}&limit=5000", step, NOW + last * 60 * 10**9)
        now = json.loads(answer.body)
        assert now["lastUpdateId"] == last
        assert {key: dict(now[key]) for key in ("bids", "asks")} == sides


def test_aggregate_trades_cover_the_trades_without_a_gap(exchange: Binance) -> None:
    trades = {message["t"]: message for message in stream(exchange, "/ws/btcusdt@trade")}
    orders = stream(exchange, "/ws/btcusdt@aggTrade")
    assert sorted(trades) == list(range(min(trades), max(trades) + 1))
    for before, after in pairwise(orders):
        assert (after["a"], after["f"]) == (before["a"] + 1, before["l"] + 1)
    for order in orders:
        parts = [trades[number] for number in range(order["f"], order["l"] + 1)]
        assert {(part["p"], part["T"], part["m"]) for part in parts} == {(order["p"], order["T"], order["m"])}
        assert round(sum(float(part["q"]) for part in parts), 8) == float(order["q"])
    assert any(order["l"] > order["f"] for order in orders)


def test_the_quote_is_the_touch_of_the_rest_book_at_its_update(exchange: Binance) -> None:
    for number in range(START, START + 60):
        step = exchange._market.step(number)
        for _, _, text in exchange.publish(step, {"btcusdt@bookTicker": {(False, False): True}}):
            quote = json.loads(text)
            book = json.loads(get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=1", number).body)
            assert book == {
                "lastUpdateId": quote["u"],
                "bids": [[quote["b"], quote["B"]]],
                "asks": [[quote["a"], quote["A"]]],
            }


def test_rest_gives_streamed_trades_again(exchange: Binance) -> None:
    streamed = stream(exchange, "/ws/ethusdt@trade")
    first = streamed[0]["t"]
    answer = get(exchange, f"/api/v3/historicalTrades?symbol=ETHUSDT&fromId={first}&limit=1000")
    names = {"t": "id", "p": "price", "q": "qty", "T": "time", "m": "isBuyerMaker"}
    again = [{key: row[name] for key, name in names.items()} for row in json.loads(answer.body)]
    assert again == [{key: each[key] for key in names} for each in streamed]
    newest = json.loads(get(exchange, "/api/v3/trades?symbol=ETHUSDT&limit=7").body)
    assert [row["id"] for row in newest] == [each["t"] for each in streamed[-7:]]


def test_rest_gives_streamed_aggregate_trades_again(exchange: Binance) -> None:
    streamed = stream(exchange, "/ws/ethusdt@aggTrade")
    answer = get(exchange, f"/api/v3/aggTrades?symbol=ETHUSDT&fromId={streamed[3]['a']}&limit=1000")
    kept = [{key: each[key] for key in ("a", "p", "q", "f", "l", "T", "m", "M")} for each in streamed[3:]]
    assert json.loads(answer.body) == kept
    beyond = get(exchange, f"/api/v3/aggTrades?symbol=ETHUSDT&fromId={streamed[-1]['a'] + 1}")
    assert json.loads(beyond.body) == []


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/api/v3/depth", 400, -1102),
        ("/api/v3/depth?symbol=NOPE", 400, -1121),
        ("/api/v3/depth?symbol=BTCUSDT&limit=x", 400, -1100),
        ("/api/v3/exchangeInfo?symbol=NOPE", 400, -1121),
        ("/api/v3/nothing", 404, None),
    ],
)
def test_wrong_rest_requests_are_refused(
    exchange: Binance, target: str, status: int, code: int | None
) -> None:
    answer = get(exchange, target)
    assert answer.status == status
    assert (json.loads(answer.body)["code"] if answer.body else None) == code


def test_rest_counts_weight_and_refuses_what_is_too_much_until_the_next_minute(exchange: Binance) -> None:
    book = "/api/v3/depth?symbol=BTCUSDT&limit=5000"
    answers = [get(exchange, book, now_ns=NOW + 20 * 10**9) for _ in range(25)]
    assert [answer.status for answer in answers] == [200] * 24 + [429]
    assert [answer.headers["X-MBX-USED-WEIGHT-1M"] for answer in answers[:2]] == ["250", "500"]
    assert answers[-1].headers["Retry-After"] == "40"
    assert get(exchange, book, now_ns=NOW + 60 * 10**9).status == 200
