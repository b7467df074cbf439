"""Binance's futures: the routes, the chain of a book, and the trades that were none, without a socket."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from daedalus.simulator.exchanges.binance.contracts import agg_id, order_of_agg_id
from daedalus.simulator.exchanges.binance.exchange import BinanceUs
from daedalus.simulator.exchanges.binance.futures import BinanceDelivery, BinanceFutures
from daedalus.simulator.exchanges.binance.market import BinanceMarket
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpAnswer, HttpRequest, Session

START = 5 * 10**9
NOW = 1_800_000_000 * 10**9
SECOND = NOW // 10**9


def market_of(exchange: type[BinanceMarket]) -> BinanceMarket:
    instruments = [exchange.instrument(symbol) for symbol in exchange.usual_symbols]
    return exchange(Market(instruments, exchange.mixture, rate=40, depth=100))


@pytest.fixture
def futures() -> BinanceMarket:
    return market_of(BinanceFutures)


@pytest.fixture
def delivery() -> BinanceMarket:
    return market_of(BinanceDelivery)


def connect(exchange: BinanceMarket, target: str) -> Session:
    session = exchange.connect(target)
    assert isinstance(session, Session)
    return session


def stream(exchange: BinanceMarket, target: str, steps: int = 2000) -> list[dict[str, Any]]:
    audience = {name: {form: True} for name, form in connect(exchange, target).streams.items()}
    market = exchange._market
    numbers = range(START, START + steps)
    return [json.loads(text) for n in numbers for _, _, text in exchange.publish(market.step(n), audience)]


def get(exchange: BinanceMarket, target: str, step: int = START + 1999, now_ns: int = NOW) -> HttpAnswer:
    return exchange.rest(HttpRequest.parse(target), step, now_ns)


def ask(exchange: BinanceMarket, session: Session, method: str, *streams: str) -> Any:
    (answer,) = exchange.receive(session, json.dumps({"method": method, "params": streams, "id": 1}))
    return json.loads(answer)["result"]


@pytest.mark.parametrize(
    ("route", "delivered"),
    [
        ("/public", ["btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@bookTicker"]),
        ("/market", ["btcusdt@aggTrade", "btcusdt@markPrice@1s", "btcusdt@forceOrder"]),
        ("", ["btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@bookTicker"]),
    ],
)
def test_a_route_acknowledges_all_streams_and_delivers_its_own(
    futures: BinanceMarket, route: str, delivered: list[str]
) -> None:
    all_streams = [
        f"btcusdt@{name}"
        for name in ("trade", "aggTrade", "depth@100ms", "bookTicker", "markPrice@1s", "forceOrder")
    ]
    session = connect(futures, f"{route}/stream")
    assert ask(futures, session, "SUBSCRIBE", *all_streams) is None
    assert ask(futures, session, "LIST_SUBSCRIPTIONS") == all_streams
    assert list(session.streams) == delivered
    ask(futures, session, "UNSUBSCRIBE", *delivered)
    assert not session.streams


def test_coin_m_delivers_all_on_one_route(delivery: BinanceMarket) -> None:
    session = connect(delivery, "/stream?streams=btcusd_perp@trade/btcusd_perp@aggTrade")
    assert list(session.streams) == ["btcusd_perp@trade", "btcusd_perp@aggTrade"]
    assert isinstance(delivery.connect("/public/stream"), HttpAnswer)


def test_more_than_200_streams_are_refused(futures: BinanceMarket) -> None:
    many = "/".join(f"s{number}@trade" for number in range(201))
    assert isinstance(futures.connect(f"/public/stream?streams={many}"), HttpAnswer)


@pytest.mark.parametrize(
    ("exchange", "target", "api", "symbol"),
    [
        (BinanceFutures, "/public/ws/ethusdt@depth@100ms", "/fapi/v1", "ETHUSDT"),
        (BinanceFutures, "/public/ws/btcusdt@depth", "/fapi/v1", "BTCUSDT"),
        (BinanceDelivery, "/ws/btcusd_perp@depth@100ms", "/dapi/v1", "BTCUSD_PERP"),
    ],
)
def test_diffs_are_chained_and_lead_from_one_rest_book_to_another(
    exchange: type[BinanceMarket], target: str, api: str, symbol: str
) -> None:
    market = market_of(exchange)
    path = f"{api}/depth?symbol={symbol}&limit=1000"
    diffs = stream(market, target)
    assert len(diffs) > 15
    for before, after in pairwise(diffs):
        assert after["pu"] == before["u"]
        assert after["pu"] < after["U"] - 1 < after["u"]
    book = json.loads(get(market, path, START).body)
    sides = {key: dict(book[key]) for key in ("bids", "asks")}
    later = [diff for diff in diffs if diff["u"] >= book["lastUpdateId"]]
    assert later[0]["U"] <= book["lastUpdateId"]
    for diff in later:
        for side, key in (("bids", "b"), ("asks", "a")):
            for price, amount in diff[key]:
                sides[side][price] = amount
                if float(amount) == 0:
                    del sides[side][price]
    place = exchange.usual_symbols.index(symbol)
    count = len(exchange.usual_symbols)
    first = market._market.update_at(place, START)
    step = START + ((later[-1]["u"] - 3) // 4 - first) * count
    end = json.loads(get(market, path, step, NOW + 10**11).body)
    assert end["lastUpdateId"] == later[-1]["u"]
    assert {key: dict(end[key]) for key in ("bids", "asks")} == sides


def test_ids_of_trades_have_no_gap_though_some_were_no_trades(futures: BinanceMarket) -> None:
    trades = stream(futures, "/public/ws/btcusdt@trade", 20_000)
    ids = [each["t"] for each in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert {each["X"] for each in trades} == {"MARKET", "INSURANCE_FUND", "ADL", "NA"}
    for each in trades:
        assert (each["p"] == each["q"] == "0") == (each["X"] == "NA")


def test_aggregate_trades_leave_out_what_did_not_trade_in_the_book(futures: BinanceMarket) -> None:
    trades = {each["t"]: each for each in stream(futures, "/public/ws/btcusdt@trade", 20_000)}
    orders = stream(futures, "/market/ws/btcusdt@aggTrade", 20_000)
    inside = {number for order in orders for number in range(order["f"], order["l"] + 1)}
    assert inside == {number for number, each in trades.items() if each["X"] == "MARKET"}
    for before, after in pairwise(orders):
        assert after["a"] == before["a"] + 1
    assert any(after["f"] > before["l"] + 1 for before, after in pairwise(orders))


@pytest.mark.parametrize("number", [1, 39, 40, 42, 80, 81, 83, 10**9 + 7])
def test_aggregate_trades_are_found_by_their_number(number: int) -> None:
    assert order_of_agg_id(agg_id(number)) == number
    assert agg_id(order_of_agg_id(number)) == number


@pytest.mark.parametrize(
    ("exchange", "target", "api", "symbol"),
    [
        (BinanceFutures, "/market/ws/ethusdt@aggTrade", "/fapi/v1", "ETHUSDT"),
        (BinanceDelivery, "/ws/btcusd_270625@aggTrade", "/dapi/v1", "BTCUSD_270625"),
    ],
)
def test_rest_gives_streamed_aggregate_trades_again(
    exchange: type[BinanceMarket], target: str, api: str, symbol: str
) -> None:
    market = market_of(exchange)
    streamed = stream(market, target)
    answer = get(market, f"{api}/aggTrades?symbol={symbol}&fromId={streamed[3]['a']}&limit=1000")
    kept = [{key: each[key] for key in ("a", "p", "q", "f", "l", "T", "m")} for each in streamed[3:]]
    assert json.loads(answer.body) == kept


def test_rest_gives_the_newest_trades_of_the_book_only(futures: BinanceMarket) -> None:
    streamed = [each for each in stream(futures, "/public/ws/btcusdt@trade", 20_000) if each["X"] == "MARKET"]
    answer = get(futures, "/fapi/v1/trades?symbol=BTCUSDT&limit=1000", START + 19_999)
    names = {"t": "id", "p": "price", "q": "qty", "T": "time", "m": "isBuyerMaker"}
    again = [{key: row[name] for key, name in names.items()} for row in json.loads(answer.body)]
    assert again == [{key: each[key] for key in names} for each in streamed[-1000:]]


@pytest.mark.parametrize("exchange", [BinanceFutures, BinanceDelivery, BinanceUs])
def test_old_trades_need_a_key(exchange: type[BinanceMarket]) -> None:
    market = market_of(exchange)
    api = market._rest.api
    answer = get(market, f"{api}/historicalTrades?symbol={exchange.usual_symbols[0]}&fromId=1")
    assert (answer.status, json.loads(answer.body)["code"]) == (401, -2014)


def test_the_mark_price_comes_each_second_with_its_funding(futures: BinanceMarket) -> None:
    audience = {"btcusdt@markPrice@1s": {(False, False): True}}
    ((_, _, text),) = futures.each_second(START, SECOND, audience)
    mark = json.loads(text)
    now_ms = futures._market.time_of(START) // 10**6
    assert mark["E"] == SECOND * 1000
    assert now_ms < mark["T"] <= now_ms + 8 * 3600 * 1000
    assert mark["T"] % (8 * 3600 * 1000) == 0
    assert abs(float(mark["p"]) - float(mark["i"])) < 1
    assert abs(float(mark["r"])) <= 0.0003


def test_contracts_with_a_date_have_no_funding(delivery: BinanceMarket) -> None:
    audience = {"btcusd_270625@markPrice@1s": {(False, False): True}}
    ((_, _, text),) = delivery.each_second(START, SECOND, audience)
    assert (json.loads(text)["r"], json.loads(text)["T"]) == ("", 0)


def test_a_liquidation_is_a_trade_of_its_side(futures: BinanceMarket) -> None:
    orders = {each["T"]: each for each in stream(futures, "/market/ws/btcusdt@aggTrade", 20_000)}
    forced = stream(futures, "/market/ws/btcusdt@forceOrder", 20_000)
    assert len(forced) > 10
    for each in forced:
        order = orders[each["o"]["T"]]
        assert each["o"]["S"] == ("SELL" if order["m"] else "BUY")
        assert (each["o"]["ap"], each["o"]["z"]) == (order["p"], order["q"])


def test_the_instruments_are_contracts(futures: BinanceMarket, delivery: BinanceMarket) -> None:
    usd = json.loads(get(futures, "/fapi/v1/exchangeInfo").body)["symbols"]
    assert [(each["symbol"], each["contractType"], each["status"]) for each in usd] == [
        ("BTCUSDT", "PERPETUAL", "TRADING"),
        ("ETHUSDT", "PERPETUAL", "TRADING"),
    ]
    coin = json.loads(get(delivery, "/dapi/v1/exchangeInfo").body)["symbols"]
    assert [(each["symbol"], each["contractType"], each["deliveryDate"]) for each in coin] == [
        ("BTCUSD_PERP", "PERPETUAL", 4133404800000),
        ("BTCUSD_270625", "CURRENT_QUARTER", 1813910400000),
    ]
    assert {each["contractSize"] for each in coin} == {100}


@pytest.mark.parametrize("symbol", ["btcusdt", "BTCUSDT_PERP", "BTC-USDT", ""])
def test_usd_m_refuses_what_it_would_not_spell(symbol: str) -> None:
    with pytest.raises(ValueError, match="binance_futures spells"):
        BinanceFutures.instrument(symbol)


@pytest.mark.parametrize("symbol", ["BTCUSD", "BTCUSDT_PERP", "btcusd_PERP", "USD_PERP", "BTCUSD_1"])
def test_coin_m_refuses_what_it_would_not_spell(symbol: str) -> None:
    with pytest.raises(ValueError, match="binance_delivery spells"):
        BinanceDelivery.instrument(symbol)
