"""Bitfinex's requests, channels and REST answers, without a socket."""

from __future__ import annotations

import json
import zlib
from typing import Any, cast

import pytest

from daedalus.simulator.exchanges.bitfinex.exchange import Bitfinex
from daedalus.simulator.exchanges.bitfinex.requests import BitfinexSession
from daedalus.simulator.exchanges.bitfinex.text import number
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SYMBOLS = ("tBTCUSD", "tBTCF0:USTF0")
ALL = 32768 + 65536 + 131072


@pytest.fixture
def exchange() -> Bitfinex:
    instruments = [Bitfinex.instrument(symbol) for symbol in SYMBOLS]
    return Bitfinex(Market(instruments, Bitfinex.mixture, rate=40, depth=400))


def connect(exchange: Bitfinex, flags: int = 0) -> BitfinexSession:
    session = cast(BitfinexSession, exchange.connect("/ws/2"))
    if flags:
        assert ask(exchange, session, event="conf", flags=flags) == {
            "event": "conf",
            "status": "OK",
            "flags": flags,
        }
    return session


def ask(exchange: Bitfinex, session: BitfinexSession, **request: Any) -> dict[str, Any]:
    (answer,) = exchange.receive(session, json.dumps(request))
    return json.loads(answer)


def subscribe(exchange: Bitfinex, session: BitfinexSession, channel: str, **named: str) -> dict[str, Any]:
    return ask(exchange, session, event="subscribe", channel=channel, **named)


def heard(exchange: Bitfinex, session: BitfinexSession, steps: int, start: int = START) -> list[list[Any]]:
    """What the connection gets: greetings, then a number of steps."""
    texts = [text for stream in session.streams for text in exchange.greet(stream, start)]
    audience = {stream: {form: True} for stream, form in session.streams.items()}
    for step in range(start + 1, start + 1 + steps):
        texts += [text for _, _, text in exchange.publish(exchange._market.step(step), audience)]
    return [json.loads(exchange.frame(session, text)) for text in texts]


def get(exchange: Bitfinex, target: str, step: int = START, now_ns: int = NOW) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, now_ns)


def got(exchange: Bitfinex, target: str) -> Any:
    answer = get(exchange, target)
    assert answer.status == 200
    return json.loads(answer.body)


def test_a_connection_is_greeted_and_answers_by_channel_numbers(exchange: Bitfinex) -> None:
    session, other = connect(exchange), connect(exchange)
    (greeting,) = exchange.open(session)
    assert json.loads(greeting)["platform"] == {"status": 1}
    answer = subscribe(exchange, session, "book", symbol="tBTCUSD", prec="P0", freq="F0", len="100")
    assert answer == {
        "event": "subscribed",
        "channel": "book",
        "chanId": answer["chanId"],
        "symbol": "tBTCUSD",
        "prec": "P0",
        "freq": "F0",
        "len": "100",
        "pair": "BTCUSD",
    }
    assert subscribe(exchange, session, "trades", pair="BTCUSD")["symbol"] == "tBTCUSD"
    assert subscribe(exchange, session, "status", key="deriv:tBTCF0:USTF0")["key"] == "deriv:tBTCF0:USTF0"
    mine = {answer["chanId"], *session.numbers.values()}
    assert subscribe(exchange, other, "ticker", symbol="tBTCUSD")["chanId"] not in mine
    assert ask(exchange, session, event="unsubscribe", chanId=answer["chanId"])["status"] == "OK"
    assert list(session.streams) == ["trades:tBTCUSD", "deriv:tBTCF0:USTF0"]
    assert ask(exchange, session, event="ping", cid=5) == {"event": "pong", "cid": 5}
    assert isinstance(exchange.connect("/ws/1"), HttpAnswer)


@pytest.mark.parametrize(
    ("request_", "text", "code"),
    [
        ({"channel": "trades", "symbol": "tNOPE"}, "symbol: invalid", 10300),
        ({"channel": "status", "key": "deriv:tBTCUSD"}, "key: invalid", 10300),
        ({"channel": "book", "symbol": "tBTCUSD", "len": "7"}, "book: invalid", 10300),
        ({"channel": "nosuch", "symbol": "tBTCUSD"}, "channel: unknown", 10302),
        ({"channel": "ticker", "symbol": "tBTCUSD"}, "subscribe: dup", 10301),
    ],
)
def test_a_refusal_repeats_the_request(
    exchange: Bitfinex, request_: dict[str, str], text: str, code: int
) -> None:
    session = connect(exchange)
    subscribe(exchange, session, "ticker", symbol="tBTCUSD")
    answer = ask(exchange, session, event="subscribe", **request_)
    assert answer == {**request_, "event": "error", "msg": text, "code": code}


def test_the_twenty_sixth_channel_is_refused() -> None:
    instruments = [Bitfinex.instrument(f"tA{number:02}USD") for number in range(26)]
    exchange = Bitfinex(Market(instruments, Bitfinex.mixture))
    session = connect(exchange)
    answers = [subscribe(exchange, session, "trades", symbol=each.symbol) for each in instruments]
    assert [answer["event"] for answer in answers] == ["subscribed"] * 25 + ["error"]
    assert answers[25]["code"] == 10305


def test_numbers_times_and_checksums_come_only_where_they_were_asked_for(exchange: Bitfinex) -> None:
    plain, full = connect(exchange), connect(exchange, ALL)
    for session in (plain, full):
        subscribe(exchange, session, "trades", symbol="tBTCUSD")
        subscribe(exchange, session, "book", symbol="tBTCUSD", len="25")
    bare, framed = heard(exchange, plain, 200), heard(exchange, full, 200)
    assert {len(message) for message in bare} == {2, 3}
    assert not any(message[1] == "cs" for message in bare)
    assert [message[-2] for message in framed] == list(range(1, len(framed) + 1))
    assert all(message[-1] > 10**12 for message in framed)
    assert any(message[1] == "cs" for message in framed)
    assert [message[1:-2] for message in framed if message[1] != "cs"] == [message[1:] for message in bare]


def test_checksums_are_those_of_the_book_that_the_changes_make(exchange: Bitfinex) -> None:
    session = connect(exchange, ALL)
    subscribe(exchange, session, "book", symbol="tBTCUSD", len="25")
    book: dict[tuple[bool, float], tuple[str, str]] = {}
    compared = 0
    for message in heard(exchange, session, 400):
        body = message[1]
        if body == "cs":
            sides = [
                sorted((price, text) for (bid, price), text in book.items() if bid is side)
                for side in (True, False)
            ]
            best = zip(sides[0][::-1], sides[1], strict=False)
            text = ":".join(":".join(each[1]) for pair in best for each in pair)
            assert zlib.crc32(text.encode()) == message[2] % 2**32
            compared += 1
            continue
        for price, count, amount in body if isinstance(body[0], list) else [body]:
            key = amount > 0, float(price)
            if count:
                book[key] = number_text(price), number_text(amount)
            else:
                del book[key]
    assert compared > 10


def number_text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def test_each_trade_is_told_twice_and_has_the_takers_sign(exchange: Bitfinex) -> None:
    session = connect(exchange)
    subscribe(exchange, session, "trades", symbol="tBTCUSD")
    recent, *told = heard(exchange, session, 400)
    assert [each[0] for each in recent[1]] == sorted((each[0] for each in recent[1]), reverse=True)
    executed = [message[2] for message in told if message[1] == "te"]
    assert executed == [message[2] for message in told if message[1] == "tu"]
    first = recent[1][0][0] + 1
    assert [each[0] for each in executed] == list(range(first, first + len(executed)))
    for trade, _, amount, price in executed:
        order = exchange._market.order(0, exchange._market.order_of_fill(trade))
        assert (amount > 0) is order.buy
        assert price == order.price / 100


def test_liquidations_are_announced_and_then_have_a_price(exchange: Bitfinex) -> None:
    session = connect(exchange)
    subscribe(exchange, session, "status", key="liq:global")
    told = [message[1][0] for message in heard(exchange, session, 4000)]
    assert len(told) > 5
    for announced, closed in zip(told[::2], told[1::2], strict=True):
        assert (announced[8], announced[11], closed[8]) == (0, None, 1)
        assert closed[11] > 0
        assert announced[:8] == closed[:8]


def test_heartbeats_and_derivatives_come_by_the_clock(exchange: Bitfinex) -> None:
    session = connect(exchange, 65536)
    subscribe(exchange, session, "status", key="deriv:tBTCF0:USTF0")
    subscribe(exchange, session, "ticker", symbol="tBTCUSD")
    audience = {stream: {form: True} for stream, form in session.streams.items()}
    texts = [text for second in (15, 16) for _, _, text in exchange.each_second(START, second, audience)]
    messages = [json.loads(exchange.frame(session, text)) for text in texts]
    assert [message[-1] for message in messages] == [1, 2, 3, 4]
    assert [message[1] for message in messages if message[1] == "hb"] == ["hb", "hb"]
    (status, _) = (message[1] for message in messages if message[1] != "hb")
    assert len(status) == 23
    assert status[14] > 0


@pytest.mark.parametrize(
    ("units", "digits", "text"),
    [
        (278200, 0, "278200"),
        (6183764, 2, "61837.64"),
        (6183700, 2, "61837"),
        (45000, 5, "0.45"),
        (-45000, 5, "-0.45"),
        (0, 5, "0"),
        (2503, 8, "0.00002503"),
        (100, 8, "0.000001"),
        (56, 8, "5.6e-7"),
        (10, 8, "1e-7"),
    ],
)
def test_numbers_are_written_as_javascript_writes_them(units: int, digits: int, text: str) -> None:
    assert number(units, digits) == text


def test_trades_over_rest_are_those_of_a_time(exchange: Bitfinex) -> None:
    newest = got(exchange, "/v2/trades/tBTCUSD/hist?limit=50")
    assert [each[0] for each in newest] == list(range(newest[0][0], newest[0][0] - 50, -1))
    first, last = newest[40][1], newest[10][1]
    asked = got(exchange, f"/v2/trades/tBTCUSD/hist?limit=10000&start={first}&end={last}&sort=1")
    assert asked == [each for each in reversed(newest) if first <= each[1] <= last]
    assert got(exchange, f"/v2/trades/tBTCUSD/hist?start={newest[0][1] + 1}") == []


def test_rest_limits_and_refuses(exchange: Bitfinex) -> None:
    assert get(exchange, "/v2/trades/tNOPE/hist").status == 500
    assert get(exchange, "/v2/trades/tBTCUSD/hist?limit=x").status == 500
    assert get(exchange, "/v2/nosuch").status == 404
    statuses = [
        get(exchange, "/v2/trades/tBTCUSD/hist?limit=1", now_ns=NOW + 10**11).status for _ in range(16)
    ]
    assert statuses == [200] * 15 + [429]


def test_rest_lists_pairs_and_books(exchange: Bitfinex) -> None:
    pairs, futures = got(exchange, "/v2/conf/pub:info:pair,pub:info:pair:futures")
    assert [each[0] for each in pairs + futures] == ["BTCUSD", "BTCF0:USTF0"]
    book = got(exchange, "/v2/book/tBTCUSD/P0?len=100")
    assert len(book) == 200
    assert book[0][2] > 0 > book[100][2]
    assert got(exchange, "/v2/platform/status") == [1]


@pytest.mark.parametrize("symbol", ["BTCUSD", "tbtcusd", "tBTC", "t", ""])
def test_a_symbol_that_bitfinex_would_not_write_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="bitfinex spells"):
        Bitfinex.instrument(symbol)
