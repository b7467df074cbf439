"""OKX's requests, channels and REST answers, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.exchanges.okx.exchange import Okx
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SYMBOLS = ("BTC-USDT", "BTC-USDT-SWAP")
PUBLIC, BUSINESS = "/ws/v5/public", "/ws/v5/business"


@pytest.fixture
def exchange() -> Okx:
    instruments = [Okx.instrument(symbol) for symbol in SYMBOLS]
    return Okx(Market(instruments, Okx.mixture, rate=80, depth=500))


def connect(exchange: Okx, target: str = PUBLIC) -> Session:
    session = exchange.connect(target)
    assert isinstance(session, Session)
    return session


def ask(exchange: Okx, session: Session, *args: object, op: str = "subscribe") -> list[dict[str, Any]]:
    text = json.dumps({"id": "12", "op": op, "args": args})
    return [json.loads(answer) for answer in exchange.receive(session, text)]


def stream(exchange: Okx, name: str, steps: int = 4000) -> list[dict[str, Any]]:
    audience = {name: {(): True}}
    numbers = range(START, START + steps)
    return [
        json.loads(text)
        for number in numbers
        for _, _, text in exchange.publish(exchange._market.step(number), audience)
    ]


def get(exchange: Okx, target: str, step: int = START + 3999, now_ns: int = NOW) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, now_ns)


def test_each_argument_is_confirmed_by_itself(exchange: Okx) -> None:
    session = connect(exchange)
    args = [{"channel": channel, "instId": "BTC-USDT"} for channel in ("trades", "books")]
    answers = ask(exchange, session, *args)
    assert [answer["arg"] for answer in answers] == args
    assert {(answer["id"], answer["event"]) for answer in answers} == {("12", "subscribe")}
    assert list(session.streams) == ["trades:BTC-USDT", "books:BTC-USDT"]
    (answer,) = ask(exchange, session, args[0], op="unsubscribe")
    assert answer["event"] == "unsubscribe"
    assert list(session.streams) == ["books:BTC-USDT"]


@pytest.mark.parametrize(
    ("target", "arg"),
    [
        (PUBLIC, {"channel": "trades", "instId": "NO-USDT"}),
        (PUBLIC, {"channel": "trades-all", "instId": "BTC-USDT"}),
        (BUSINESS, {"channel": "trades", "instId": "BTC-USDT"}),
        (PUBLIC, {"channel": "funding-rate", "instId": "BTC-USDT"}),
        (PUBLIC, {"channel": "index-tickers", "instId": "BTC-USDT-SWAP"}),
        (PUBLIC, {"channel": "liquidation-orders", "instType": "SPOT"}),
        (PUBLIC, {"channel": "weather", "instId": "BTC-USDT"}),
    ],
)
def test_a_stream_that_does_not_exist_there_is_refused_in_words(
    exchange: Okx, target: str, arg: dict[str, str]
) -> None:
    session = connect(exchange, target)
    (answer,) = ask(exchange, session, arg)
    assert (answer["id"], answer["event"], answer["code"]) == ("12", "error", "60018")
    assert "arg" not in answer
    assert f"channel:{arg['channel']}," in answer["msg"]
    assert not session.streams


@pytest.mark.parametrize("text", ["no json", "[]", '{"op":"subscribe"}', '{"op":"dance","args":[]}'])
def test_a_request_that_is_none_is_refused(exchange: Okx, text: str) -> None:
    (answer,) = exchange.receive(connect(exchange), text)
    assert json.loads(answer)["code"] == "60012"


def test_an_argument_that_is_none_is_refused(exchange: Okx) -> None:
    (answer,) = ask(exchange, connect(exchange), "trades:BTC-USDT")
    assert answer["code"] == "60012"


def test_a_connection_takes_64_kilobytes_of_arguments(exchange: Okx) -> None:
    session = connect(exchange)
    arg = {"channel": "trades", "instId": "BTC-USDT"}
    answers = ask(exchange, session, *[arg] * 1700)
    assert answers[1000]["event"] == "subscribe"
    assert answers[-1]["event"] == "error"


def test_pings_are_texts_and_so_are_their_answers(exchange: Okx) -> None:
    assert list(exchange.receive(connect(exchange), "ping")) == ["pong"]
    assert isinstance(exchange.connect("/elsewhere"), HttpAnswer)
    assert json.loads(exchange.farewell() or "")["code"] == "64008"


def test_a_book_begins_with_a_snapshot_and_each_update_names_the_one_before(exchange: Okx) -> None:
    (text,) = exchange.greet("books:BTC-USDT", START - 1)
    first = json.loads(text)
    assert (first["action"], first["data"][0]["prevSeqId"]) == ("snapshot", -1)
    messages = stream(exchange, "books:BTC-USDT")
    assert len(messages) > 200
    links = [message["data"][0] for message in (first, *messages)]
    assert all(after["prevSeqId"] == before["seqId"] for before, after in pairwise(links))
    sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for part in links:
        for side in sides:
            for price, amount, old, orders in part[side]:
                assert (old, orders) == ("0", "0" if float(amount) == 0 else "1")
                sides[side][price] = amount
                if float(amount) == 0:
                    del sides[side][price]
    number = links[-1]["seqId"]
    bids, asks = exchange._market.books[0].levels(number, 400)
    notation = exchange._notations[0]
    for side, levels in (("bids", bids), ("asks", asks)):
        assert sides[side] == {notation.price(price): notation.amount(amount) for price, amount in levels}


def test_summed_up_trades_cover_the_single_ones_without_a_gap(exchange: Okx) -> None:
    singles = [message["data"][0] for message in stream(exchange, "trades-all:BTC-USDT-SWAP")]
    orders = [message["data"][0] for message in stream(exchange, "trades:BTC-USDT-SWAP")]
    ids = [int(trade["tradeId"]) for trade in singles]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    amounts = {int(trade["tradeId"]): float(trade["sz"]) for trade in singles}
    for before, after in pairwise(orders):
        assert int(after["tradeId"]) - int(after["count"]) == int(before["tradeId"])
    for order in orders:
        last, count = int(order["tradeId"]), int(order["count"])
        assert round(sum(amounts[number] for number in range(last - count + 1, last + 1)), 8) == float(
            order["sz"]
        )
    assert {order["count"] for order in orders} == {"1", "2", "3"}


def test_trades_are_found_again_over_rest(exchange: Okx) -> None:
    singles = [message["data"][0] for message in stream(exchange, "trades-all:BTC-USDT")]
    newest = json.loads(get(exchange, "/api/v5/market/trades?instId=BTC-USDT&limit=7").body)["data"]
    assert list(reversed(newest)) == singles[-7:]
    before = int(singles[-7]["tradeId"])
    path = f"/api/v5/market/history-trades?instId=BTC-USDT&type=1&after={before}&limit=20"
    assert list(reversed(json.loads(get(exchange, path).body)["data"])) == singles[-27:-7]
    nothing = json.loads(get(exchange, "/api/v5/market/history-trades?instId=BTC-USDT&after=1").body)
    assert (nothing["code"], nothing["data"]) == ("0", [])


def test_the_top_of_the_book_and_facts_of_contracts_come_at_once(exchange: Okx) -> None:
    for name in ("bbo-tbt:BTC-USDT", "mark-price:BTC-USDT", "index-tickers:BTC-USDT"):
        (text,) = exchange.greet(name, START)
        assert json.loads(text)["arg"] == dict(zip(("channel", "instId"), name.split(":"), strict=True))
    assert not list(exchange.greet("trades:BTC-USDT", START))
    names = [f"{channel}:BTC-USDT-SWAP" for channel in ("mark-price", "open-interest", "funding-rate")]
    audience = {name: {(): True} for name in (*names, "index-tickers:BTC-USDT", "trades:BTC-USDT")}
    told = [name for second in range(60) for name, _, _ in exchange.each_second(START, second, audience)]
    assert {name: told.count(name) for name in audience} == {
        "mark-price:BTC-USDT-SWAP": 60,
        "open-interest:BTC-USDT-SWAP": 20,
        "funding-rate:BTC-USDT-SWAP": 1,
        "index-tickers:BTC-USDT": 60,
        "trades:BTC-USDT": 0,
    }


def test_liquidations_are_told_by_type_with_the_side_of_the_order(exchange: Okx) -> None:
    messages = stream(exchange, "liquidation-orders:SWAP", 20_000)
    assert len(messages) > 10
    for message in messages:
        (told,) = message["data"]
        (detail,) = told["details"]
        assert told["instId"] == "BTC-USDT-SWAP"
        assert detail["posSide"] == {"buy": "short", "sell": "long"}[detail["side"]]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/api/v5/market/trades?instId=NO-USDT", "51001"),
        ("/api/v5/market/history-trades?instId=BTC-USDT&after=x", "51000"),
        ("/api/v5/public/instruments?instType=PIE", "51000"),
        ("/api/v5/public/instruments?instType=OPTION", "50014"),
    ],
)
def test_wrong_questions_over_rest_are_told_so(exchange: Okx, target: str, code: str) -> None:
    assert json.loads(get(exchange, target).body)["code"] == code


def test_instruments_are_listed_by_type(exchange: Okx) -> None:
    for kind, symbol in (("SPOT", "BTC-USDT"), ("SWAP", "BTC-USDT-SWAP")):
        (row,) = json.loads(get(exchange, f"/api/v5/public/instruments?instType={kind}").body)["data"]
        assert row["instId"] == symbol
    assert json.loads(get(exchange, "/api/v5/public/instruments?instType=FUTURES").body)["data"] == []


def test_too_many_requests_are_refused_until_the_next_two_seconds(exchange: Okx) -> None:
    path = "/api/v5/market/history-trades?instId=BTC-USDT"
    assert [get(exchange, path).status for _ in range(21)] == [200] * 20 + [429]
    assert get(exchange, "/api/v5/public/time").status == 200
    assert get(exchange, path, now_ns=NOW + 2 * 10**9).status == 200
    assert get(exchange, "/api/v5/nowhere").status == 404


def test_symbols_are_spelled_as_the_exchange_does() -> None:
    assert (Okx.instrument("BTC-USDT-SWAP").base, Okx.instrument("BTC-USDT-SWAP").quote) == ("BTC", "USDT")
    for wrong in ("BTCUSDT", "btc-usdt", "BTC-USDT-241227"):
        with pytest.raises(ValueError, match="okx spells instruments like"):
            Okx.instrument(wrong)
