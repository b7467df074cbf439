"""Kraken's requests, channels, books and REST answers, without a socket."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from typing import Any

import pytest

from daedalus.simulator.exchanges.kraken.books import DEPTHS
from daedalus.simulator.exchanges.kraken.exchange import Kraken
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9


@pytest.fixture
def exchange() -> Kraken:
    instruments = [Kraken.instrument(symbol) for symbol in ("BTC/USD", "AAPLx/USD")]
    return Kraken(Market(instruments, Kraken.mixture, rate=80, depth=60))


def ask(exchange: Kraken, session: Session, request: object) -> list[dict[str, Any]]:
    text = request if isinstance(request, str) else json.dumps(request)
    return [json.loads(answer) for answer in exchange.receive(session, text)]


def wish(method: str = "subscribe", **params: object) -> dict[str, object]:
    return {"method": method, "params": {"symbol": ["BTC/USD"], **params}, "req_id": 7}


def stream(exchange: Kraken, name: str, steps: int = 2000) -> list[dict[str, Any]]:
    market, audience = exchange._market, {name: {(): True}}
    numbers = range(START + 1, START + 1 + steps)
    texts = [text for number in numbers for _, _, text in exchange.publish(market.step(number), audience)]
    return [json.loads(text, parse_float=Decimal) for text in texts]


def greeting(exchange: Kraken, name: str) -> dict[str, Any]:
    (text,) = exchange.greet(name, START)
    found = json.loads(text, parse_float=Decimal)
    assert isinstance(found, dict)
    return found


def get(exchange: Kraken, target: str, step: int = START + 2000) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, NOW)


def test_each_symbol_is_answered_for_by_itself(exchange: Kraken) -> None:
    session = Session()
    answers = ask(exchange, session, wish(channel="book", depth=25, symbol=["BTC/USD", "NO/PE", "AAPLx/USD"]))
    assert [(each["success"], each["req_id"]) for each in answers] == [(True, 7), (False, 7), (True, 7)]
    assert answers[0]["result"] == {"channel": "book", "snapshot": True, "symbol": "BTC/USD", "depth": 25}
    assert (answers[1]["error"], answers[1]["symbol"]) == ("Currency pair not supported NO/PE", "NO/PE")
    assert list(session.streams) == ["book-25:BTC/USD", "heartbeat", "book-25:AAPLx/USD"]


def test_one_depth_per_symbol_and_connection(exchange: Kraken) -> None:
    session = Session()
    ask(exchange, session, wish(channel="book"))
    (again,) = ask(exchange, session, wish(channel="book", depth=100))
    assert (again["error"], again["symbol"]) == ("Already subscribed", "BTC/USD")
    (gone,) = ask(exchange, session, wish("unsubscribe", channel="book"))
    assert gone["success"]
    (missing,) = ask(exchange, session, wish("unsubscribe", channel="book"))
    assert missing["error"] == "Subscription Not Found"
    ask(exchange, session, wish(channel="book", depth=100))
    assert "book-100:BTC/USD" in session.streams


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ("{", "Malformed request"),
        ([], "Method not supported"),
        ({"method": "add_order"}, "Method not supported"),
        ({"method": "subscribe", "params": {"channel": "book"}}, "Symbol(s) must be an array"),
        (wish(channel="hello"), "Channel not supported hello"),
        (wish(channel="book", depth=27), "Subscription depth not supported"),
        (wish(channel="ticker", event_trigger="always"), "Event trigger not supported"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(exchange: Kraken, request_: object, error: str) -> None:
    session = Session()
    (answer,) = ask(exchange, session, request_)
    assert (answer["error"], answer["success"]) == (error, False)
    assert not session.streams


def test_a_connection_is_greeted_pinged_and_kept_alive(exchange: Kraken) -> None:
    first, second = (json.loads(next(iter(exchange.open(Session())))) for _ in range(2))
    assert (first["channel"], first["data"][0]["system"]) == ("status", "online")
    assert first["data"][0]["connection_id"] != second["data"][0]["connection_id"]
    (pong,) = ask(exchange, Session(), {"method": "ping", "req_id": 101})
    assert (pong["method"], pong["req_id"]) == ("pong", 101)
    beats = list(exchange.each_second(START, NOW // 10**9, {"heartbeat": {(): True}}))
    assert beats == [("heartbeat", (), '{"channel":"heartbeat"}')]
    assert not list(exchange.each_second(START, NOW // 10**9, {}))


def test_snapshots_come_where_they_are_wanted(exchange: Kraken) -> None:
    session = Session()
    ask(exchange, session, wish(channel="trade"))
    ask(exchange, session, wish(channel="book", snapshot=False))
    assert list(session.streams) == ["quiet-trade:BTC/USD", "heartbeat", "quiet-book-10:BTC/USD"]
    assert not [text for name in session.streams for text in exchange.greet(name, START)]
    ask(exchange, session, wish("unsubscribe", channel="trade"))
    ask(exchange, session, wish(channel="trade", snapshot=True))
    assert greeting(exchange, "trade:BTC/USD")["type"] == "snapshot"
    assert stream(exchange, "quiet-trade:BTC/USD") == stream(exchange, "trade:BTC/USD")


def test_trades_go_on_from_the_last_fifty(exchange: Kraken) -> None:
    snapshot = greeting(exchange, "trade:BTC/USD")["data"]
    trades = [each for message in stream(exchange, "trade:BTC/USD") for each in message["data"]]
    assert len(snapshot) == 50
    assert len(trades) > 100
    first = snapshot[0]["trade_id"]
    numbers = [each["trade_id"] for each in (*snapshot, *trades)]
    assert numbers == list(range(first, first + len(numbers)))
    assert {each["side"] for each in trades} == {"buy", "sell"}


@pytest.mark.parametrize("depth", DEPTHS)
def test_updates_and_checksums_lead_from_the_snapshot_through_a_book_cut_to_its_depth(
    exchange: Kraken, depth: int
) -> None:
    snapshot = greeting(exchange, f"book-{depth}:BTC/USD")
    updates = stream(exchange, f"book-{depth}:BTC/USD", 400 if depth > 100 else 2000)
    sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
    assert len(updates) > 50
    for message in (snapshot, *updates):
        (data,) = message["data"]
        for name, levels in sides.items():
            for level in data[name]:
                price, quantity = level["price"], Decimal(level["qty"])
                if quantity:
                    levels[price] = quantity
                else:
                    del levels[price]  # never one that nobody has
            for price in sorted(levels, reverse=name == "bids")[depth:]:
                del levels[price]
        digits = "".join(
            str(number).replace(".", "").lstrip("0")
            for name in ("asks", "bids")
            for price in sorted(sides[name], reverse=name == "bids")[:10]
            for number in (price, sides[name][price])
        )
        assert zlib.crc32(digits.encode()) == data["checksum"]
    if depth <= 25:
        assert all(len(levels) == depth for levels in sides.values())


def test_a_snapshot_between_two_updates_is_the_book_of_the_update_before(exchange: Kraken) -> None:
    for start in range(START, START + 40):
        (text,) = exchange.greet("book-10:BTC/USD", start)
        update = exchange._market.update_at(0, start)
        told = update - update % exchange._market.diff_every
        assert json.loads(text)["data"][0]["checksum"] == exchange._books.checksum(0, told)


def test_the_top_of_the_book_is_told_at_quotes_or_at_trades(exchange: Kraken) -> None:
    quotes, trades = (stream(exchange, f"ticker-{trigger}:BTC/USD") for trigger in ("bbo", "trades"))
    assert len(quotes) > len(trades) > 50
    assert all(each["data"][0]["bid"] < each["data"][0]["ask"] for each in quotes + trades)
    executed = [message["data"][0]["price"] for message in stream(exchange, "trade:BTC/USD")]
    assert [each["data"][0]["last"] for each in trades] == executed


def test_rest_trades_are_those_of_the_stream_and_since_leads_through_all(exchange: Kraken) -> None:
    streamed = [each for message in stream(exchange, "trade:BTC/USD") for each in message["data"]]
    since = str(exchange._market.time_of(START))
    found: list[list[Any]] = []
    while True:
        body = get(exchange, f"/0/public/Trades?pair=BTC%2FUSD&since={since}&count=100&assetVersion=1").body
        result = json.loads(body, parse_float=Decimal)["result"]
        if not result["BTC/USD"]:
            break
        found += result["BTC/USD"]
        since = result["last"]
    assert {each[6] for each in found} == {each["trade_id"] for each in streamed}
    by_id = {each[6]: each for each in found}
    for each in streamed:
        price, amount, _, side, *_ = by_id[each["trade_id"]]
        assert (Decimal(price), Decimal(amount)) == (each["price"], each["qty"])
        assert {"b": "buy", "s": "sell"}[side] == each["side"]


def test_pairs_have_old_names_new_names_and_classes(exchange: Kraken) -> None:
    def pairs(query: str) -> dict[str, Any]:
        found = json.loads(get(exchange, f"/0/public/AssetPairs{query}").body)["result"]
        assert isinstance(found, dict)
        return found

    assert pairs("")["XXBTZUSD"]["wsname"] == "XBT/USD"
    assert list(pairs("?assetVersion=1")) == ["BTC/USD"]
    assert list(pairs("?assetVersion=1&aclass_base=tokenized_asset")) == ["AAPLx/USD"]
    assert pairs("?assetVersion=1")["BTC/USD"]["pair_decimals"] == 2


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("/0/public/Trades?pair=NOPE", "EQuery:Unknown asset pair"),
        ("/0/public/Trades?pair=XBTUSD&since=now", "EGeneral:Invalid arguments"),
        ("/0/public/Nothing", "EGeneral:Unknown method"),
    ],
)
def test_errors_over_rest_come_in_words(exchange: Kraken, target: str, error: str) -> None:
    answer = get(exchange, target)
    assert (answer.status, json.loads(answer.body)) == (200, {"error": [error]})


def test_more_than_sixty_requests_a_minute_are_too_many(exchange: Kraken) -> None:
    answers = [json.loads(get(exchange, "/0/public/Time").body)["error"] for _ in range(61)]
    assert answers == [[]] * 60 + [["EGeneral:Too many requests"]]


@pytest.mark.parametrize("symbol", ["BTCUSD", "btc/usd", "BTC/", "/USD", "BTC/usd"])
def test_pairs_are_spelled_with_a_slash_and_in_capitals(symbol: str) -> None:
    with pytest.raises(ValueError, match="kraken spells pairs like BTC/USD"):
        Kraken.instrument(symbol)


def test_only_the_second_version_is_there(exchange: Kraken) -> None:
    assert isinstance(exchange.connect("/v2"), Session)
    assert exchange.connect("/") == HttpAnswer(b"", status=404)
