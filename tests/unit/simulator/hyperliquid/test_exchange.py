"""Hyperliquid's requests, streams and info endpoint, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daedalus.simulator.exchanges.hyperliquid.exchange import Hyperliquid
from daedalus.simulator.exchanges.hyperliquid.text import trade_id
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SYMBOLS = ("BTC", "kPEPE", "PURR/USDC")


@pytest.fixture
def exchange() -> Hyperliquid:
    instruments = [Hyperliquid.instrument(symbol) for symbol in SYMBOLS]
    return Hyperliquid(Market(instruments, Hyperliquid.mixture, rate=40, depth=100))


@pytest.fixture
def session(exchange: Hyperliquid) -> Session:
    session = exchange.connect("/ws")
    assert isinstance(session, Session)
    return session


def say(exchange: Hyperliquid, session: Session, text: str) -> dict[str, Any]:
    (answer,) = exchange.receive(session, text)
    return json.loads(answer)


def ask(
    exchange: Hyperliquid, session: Session, kind: str, coin: str, method: str = "subscribe"
) -> dict[str, Any]:
    wish = {"type": kind, "coin": coin}
    return say(exchange, session, json.dumps({"method": method, "subscription": wish}))


def stream(exchange: Hyperliquid, session: Session, steps: int) -> list[dict[str, Any]]:
    audience = {name: {form: True} for name, form in session.streams.items()}
    numbers = range(START, START + steps)
    messages = [text for n in numbers for _, _, text in exchange.publish(exchange._market.step(n), audience)]
    return [json.loads(text) for text in messages]


def info(exchange: Hyperliquid, now_ns: int = NOW, **asked: str) -> HttpAnswer:
    return exchange.rest(HttpRequest("/info", {}, json.dumps(asked).encode()), START, now_ns)


def test_subscriptions_are_answered_with_what_was_asked(exchange: Hyperliquid, session: Session) -> None:
    answer = ask(exchange, session, "trades", "BTC")
    assert answer["channel"] == "subscriptionResponse"
    assert answer["data"] == {"method": "subscribe", "subscription": {"type": "trades", "coin": "BTC"}}
    assert ask(exchange, session, "trades", "BTC") == {
        "channel": "error",
        "data": 'Already subscribed: {"type":"trades","coin":"BTC"}',
    }
    ended = ask(exchange, session, "trades", "BTC", "unsubscribe")
    assert ended["data"]["method"] == "unsubscribe"
    assert session.streams == {}
    assert "Already unsubscribed" in ask(exchange, session, "trades", "BTC", "unsubscribe")["data"]
    assert say(exchange, session, '{"method":"ping"}') == {"channel": "pong"}
    for text in ("x", "[]", '{"method":"subscribe","subscription":{"type":"nosuch","coin":"BTC"}}'):
        assert say(exchange, session, text)["data"].endswith(text)


@pytest.mark.parametrize("coin", ["NOPE", "btc", "KPEPE"])
def test_an_unknown_coin_ends_the_connection_without_a_word(
    exchange: Hyperliquid, session: Session, coin: str
) -> None:
    text = json.dumps({"method": "subscribe", "subscription": {"type": "bbo", "coin": coin}})
    assert list(exchange.receive(session, text)) == []
    assert session.over


def test_books_are_whole_and_quotes_are_the_touch(exchange: Hyperliquid, session: Session) -> None:
    ask(exchange, session, "l2Book", "BTC")
    ask(exchange, session, "bbo", "BTC")
    messages = stream(exchange, session, 600)
    books = [message["data"] for message in messages if message["channel"] == "l2Book"]
    assert len(books) > 20
    for book in books:
        bids, asks = ([float(level["px"]) for level in side] for side in book["levels"])
        assert len(bids) == len(asks) == 20
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
    quotes = [message["data"]["bbo"] for message in messages if message["channel"] == "bbo"]
    assert all(float(bid["px"]) < float(ask_["px"]) for bid, ask_ in quotes)


def test_all_trades_of_an_order_come_together(exchange: Hyperliquid, session: Session) -> None:
    ask(exchange, session, "trades", "BTC")
    messages = stream(exchange, session, 2000)
    market, expected = exchange._market, []
    first = market.last_order(0, START - 1) + 1
    for number in range(first, first + len(messages)):
        order = market.order(0, number)
        expected.append([(trade_id(0, fill.id), "B" if order.buy else "A") for fill in order.fills])
    assert [[(each["tid"], each["side"]) for each in message["data"]] for message in messages] == expected
    ids = [each["tid"] for message in messages for each in message["data"]]
    assert len(set(ids)) == len(ids)
    assert ids != sorted(ids)


def test_a_stream_begins_with_what_there_is(exchange: Hyperliquid) -> None:
    for kind in ("trades", "l2Book", "bbo", "activeAssetCtx"):
        (greeting,) = [json.loads(text) for text in exchange.greet(f"{kind}:BTC", START)]
        assert greeting["channel"] == kind
    (greeting,) = [json.loads(text) for text in exchange.greet("activeAssetCtx:PURR/USDC", START)]
    assert greeting["channel"] == "activeSpotAssetCtx"
    assert "funding" not in greeting["data"]["ctx"]


def test_contexts_come_each_second(exchange: Hyperliquid, session: Session) -> None:
    ask(exchange, session, "activeAssetCtx", "kPEPE")
    audience = {name: {form: True} for name, form in session.streams.items()}
    ((_, _, text),) = exchange.each_second(START, 7, audience)
    context = json.loads(text)["data"]["ctx"]
    assert abs(float(context["funding"])) <= 0.0002
    assert float(context["openInterest"]) > 0


def test_info_lists_perpetuals_and_spot_pairs(exchange: Hyperliquid) -> None:
    meta = json.loads(info(exchange, type="meta").body)
    assert [each["name"] for each in meta["universe"]] == ["BTC", "kPEPE"]
    spot = json.loads(info(exchange, type="spotMeta").body)
    assert [each["name"] for each in spot["universe"]] == ["PURR/USDC"]
    assert [spot["tokens"][number]["name"] for number in spot["universe"][0]["tokens"]] == ["PURR", "USDC"]
    both = json.loads(info(exchange, type="metaAndAssetCtxs").body)
    assert len(both[0]["universe"]) == len(both[1]) == 2
    assert len(json.loads(info(exchange, type="l2Book", coin="BTC").body)["levels"][0]) == 20
    assert len(json.loads(info(exchange, type="recentTrades", coin="BTC").body)) == 10


def test_info_refuses_what_it_does_not_know_and_too_much(exchange: Hyperliquid) -> None:
    assert info(exchange, type="nosuch").status == 422
    assert info(exchange, type="l2Book", coin="NOPE").status == 422
    assert exchange.rest(HttpRequest("/info", {}), START, NOW).status == 405
    assert exchange.rest(HttpRequest("/nosuch", {}, b"{}"), START, NOW).status == 404
    later = NOW + 10**12
    assert [info(exchange, later, type="meta").status for _ in range(61)] == [200] * 60 + [429]


@pytest.mark.parametrize("symbol", ["", "BTC-USD", "BTC/USD", "@", "A/B/USDC"])
def test_a_symbol_that_hyperliquid_would_not_write_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="hyperliquid spells"):
        Hyperliquid.instrument(symbol)
