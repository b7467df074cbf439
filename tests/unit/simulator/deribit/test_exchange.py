"""Deribit's subscriptions, channels and REST answers, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.exchanges.deribit.exchange import Deribit
from daedalus.simulator.exchanges.deribit.text import trade_id
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
STEPS = 4000


@pytest.fixture
def exchange() -> Deribit:
    instruments = [Deribit.instrument(symbol) for symbol in ("BTC-PERPETUAL", "ETH-PERPETUAL")]
    return Deribit(Market(instruments, Deribit.mixture, rate=80, depth=100))


def call(
    exchange: Deribit, session: Session, method: str, number: int = 1, **params: object
) -> dict[str, Any]:
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    (answer,) = exchange.receive(session, json.dumps(request))
    return json.loads(answer)


def stream(exchange: Deribit, name: str, steps: int = STEPS) -> list[dict[str, Any]]:
    market, audience = exchange._market, {name: {(): True}}
    numbers = range(START + 1, START + 1 + steps)
    messages = [
        json.loads(text) for n in numbers for _, _, text in exchange.publish(market.step(n), audience)
    ]
    assert {message["params"]["channel"] for message in messages} == {name}
    return [message["params"]["data"] for message in messages]


def get(exchange: Deribit, target: str, step: int = START + STEPS) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(f"/api/v2/public/{target}"), step, exchange._market.time_of(step))


def result(answer: HttpAnswer) -> Any:
    return json.loads(answer.body)["result"]


def test_an_answer_lists_what_was_accepted_and_is_silent_about_the_rest(exchange: Deribit) -> None:
    session = Session()
    channels = [
        "trades.BTC-PERPETUAL.100ms",
        "quote.ETH-PERPETUAL",
        "trades.DOGE-PERPETUAL.100ms",
        "x",
        "book.",
    ]
    answer = call(exchange, session, "public/subscribe", 7, channels=channels)
    assert answer["id"] == 7
    assert sorted(answer["result"]) == sorted(channels[:2])
    assert list(session.streams) == channels[:2]
    assert call(exchange, session, "public/unsubscribe", channels=channels[1:])["result"] == [channels[1]]
    assert list(session.streams) == channels[:1]


def test_raw_channels_need_a_key_and_refuse_the_whole_request(exchange: Deribit) -> None:
    session = Session()
    channels = ["quote.ETH-PERPETUAL", "book.BTC-PERPETUAL.raw"]
    answer = call(exchange, session, "public/subscribe", 5, channels=channels)
    assert answer["error"] == {
        "code": 13778,
        "message": "raw_subscriptions_not_available_for_unauthorized",
    }
    assert not session.streams


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", -32700),
        ("[]", 11050),
        ('{"id":1}', 11050),
        ('{"id":[],"method":"public/test"}', 11050),
        ('{"id":1,"method":"public/auth","params":{}}', -32601),
        ('{"id":1,"method":"public/subscribe","params":[1]}', -32602),
        ('{"id":1,"method":"public/subscribe","params":{"channels":"x"}}', -32602),
        ('{"id":1,"method":"public/set_heartbeat","params":{"interval":5}}', -32602),
        (json.dumps({"id": 1, "method": "public/subscribe", "params": {"channels": ["a"] * 501}}), -32602),
        (json.dumps({"id": 1, "method": "public/test", "params": {"x": "y" * 33_000}}), -32600),
    ],
)
def test_what_is_wrong_has_its_code(exchange: Deribit, text: str, code: int) -> None:
    session = Session()
    (answer,) = exchange.receive(session, text)
    assert json.loads(answer)["error"]["code"] == code
    assert not session.streams


def test_heartbeats_come_in_the_interval_that_was_asked_for_and_every_other_one_is_a_test(
    exchange: Deribit,
) -> None:
    session = Session()
    assert call(exchange, session, "public/set_heartbeat", interval=10)["result"] == "ok"
    audience = {name: {form: True} for name, form in session.streams.items()}
    texts = [text for second in range(60) for _, _, text in exchange.each_second(START, second, audience)]
    kinds = [json.loads(text)["params"]["type"] for text in texts]
    assert kinds == ["test_request", "heartbeat"] * 3
    assert call(exchange, session, "public/test")["result"] == {"version": "1.2.26"}
    assert call(exchange, session, "public/set_heartbeat", interval=20)["result"] == "ok"
    assert list(session.streams) == ["heartbeat:20"]
    assert call(exchange, session, "public/disable_heartbeat")["result"] == "ok"
    assert not session.streams


def test_trades_have_consecutive_numbers_and_some_are_liquidations(exchange: Deribit) -> None:
    trades = [trade for data in stream(exchange, "trades.ETH-PERPETUAL.100ms") for trade in data]
    numbers = [trade["trade_seq"] for trade in trades]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    eth = exchange._market.instruments[1]
    assert [trade["trade_id"] for trade in trades] == [trade_id(eth, number) for number in numbers]
    assert {trade["direction"] for trade in trades} == {"buy", "sell"}
    assert {trade.get("liquidation") for trade in trades} >= {None, "T", "M"}


def test_changes_lead_from_the_snapshot_to_the_rest_book_each_naming_the_one_before(
    exchange: Deribit,
) -> None:
    name = "book.BTC-PERPETUAL.100ms"
    (greeting,) = exchange.greet(name, START)
    snapshot = json.loads(greeting)["params"]["data"]
    changes = stream(exchange, name)
    assert snapshot["type"] == "snapshot"
    assert "prev_change_id" not in snapshot
    for before, after in pairwise([snapshot, *changes]):
        assert after["prev_change_id"] == before["change_id"]
    sides = {side: {price: amount for _, price, amount in snapshot[side]} for side in ("bids", "asks")}
    actions = set()
    for change in changes:
        for side, levels in sides.items():
            for action, price, amount in change[side]:
                assert (price in levels) is (action != "new")
                actions.add(action)
                levels[price] = amount
                if action == "delete":
                    del levels[price]
    assert actions == {"new", "change", "delete"}
    book = result(get(exchange, "get_order_book?instrument_name=BTC-PERPETUAL&depth=10000"))
    assert book["change_id"] == changes[-1]["change_id"]
    assert sides == {side: dict(book[side]) for side in ("bids", "asks")}


def test_quotes_and_tickers_tell_the_touch_and_the_contract(exchange: Deribit) -> None:
    quotes = {data["timestamp"]: data for data in stream(exchange, "quote.BTC-PERPETUAL")}
    tickers = stream(exchange, "ticker.BTC-PERPETUAL.100ms")
    assert len(tickers) > 100
    for ticker in tickers:
        quote = quotes[ticker["timestamp"]]
        assert quote["best_bid_price"] < quote["best_ask_price"]
        assert ticker.items() >= {key: quote[key] for key in quote if key != "timestamp"}.items()
        assert abs(ticker["index_price"] - ticker["mark_price"]) < 1
        assert ticker["open_interest"] > 0


def test_trades_over_rest_are_those_of_the_stream_by_their_numbers(exchange: Deribit) -> None:
    trades = [trade for data in stream(exchange, "trades.BTC-PERPETUAL.100ms") for trade in data]
    first, last = trades[3]["trade_seq"], trades[-2]["trade_seq"]
    path = "get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL"
    asked = f"{path}&start_seq={first}&end_seq={last}&count=1000&sorting=asc"
    assert result(get(exchange, asked)) == {"trades": trades[3:-1], "has_more": False}
    some = result(get(exchange, asked.replace("count=1000", "count=5")))
    assert some == {"trades": trades[3:8], "has_more": True}
    newest = result(get(exchange, f"{path}&count=2"))
    assert newest == {"trades": trades[:-3:-1], "has_more": True}
    old = result(get(exchange, f"{path}&start_seq=1&end_seq=500&count=1000&sorting=asc"))
    assert old == {"trades": [], "has_more": False}
    assert get(exchange, f"{path}&start_seq=x").status == 400


def test_rest_knows_what_there_is_and_says_what_there_is_not(exchange: Deribit) -> None:
    listed = result(get(exchange, "get_instruments?currency=any"))
    assert [(each["instrument_name"], each["settlement_period"]) for each in listed] == [
        ("BTC-PERPETUAL", "perpetual"),
        ("ETH-PERPETUAL", "perpetual"),
    ]
    assert [each["currency"] for each in result(get(exchange, "get_currencies"))] == ["BTC", "ETH"]
    assert result(get(exchange, "get_time")) == exchange._market.time_of(START + STEPS) // 10**6
    unknown = get(exchange, "get_order_book?instrument_name=NO")
    assert unknown.status == 400
    assert json.loads(unknown.body)["error"]["data"]["reason"] == "instrument not found"
    assert get(exchange, "nothing").status == 404


def test_websockets_are_opened_at_one_path(exchange: Deribit) -> None:
    assert isinstance(exchange.connect("/ws/api/v2"), Session)
    refused = exchange.connect("/ws")
    assert isinstance(refused, HttpAnswer)
    assert refused.status == 404


@pytest.mark.parametrize("symbol", ["", "BTC", "btc-PERPETUAL", "-PERPETUAL"])
def test_symbols_that_the_exchange_would_not_spell_are_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="deribit spells instruments like"):
        Deribit.instrument(symbol)
