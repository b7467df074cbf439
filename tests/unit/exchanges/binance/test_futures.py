"""Binance USD-M futures: what differs from spot."""

from __future__ import annotations

import json

import pytest

from daedalus.exchanges.binance.futures import BinanceFutures
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Data,
    Header,
    Ids,
    Malformed,
    Missing,
    Proof,
    Reply,
    RestRequest,
    Subscription,
    Unknown,
)
from daedalus.tables.rows import (
    AggTrade,
    BookUpdate,
    DerivativeTicker,
    Instrument,
    Liquidation,
    Quote,
    Row,
    Trade,
)

EXCHANGE = BinanceFutures()

DEPTH = (
    b'{"stream":"akrousdt@depth@100ms","data":{"e":"depthUpdate","E":1626992741077,"T":1626992740974,'
    b'"s":"AKROUSDT","U":600859599831,"u":600859599831,"pu":600859598737,"b":[],"a":[["0.01737","437848"]]}}'
)
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT",'
    b'"t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}'
)
INSURANCE = (
    b'{"stream":"ethusdt@trade","data":{"e":"trade","E":1596034530241,"T":1596034530235,"s":"ETHUSDT",'
    b'"t":73701056,"p":"2366.55","q":"0.070","X":"INSURANCE_FUND","m":true}}'
)
SPENT = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1785780046072,"T":1785780046071,"s":"BTCUSDT",'
    b'"t":7950493454,"p":"0","q":"0","X":"NA","m":true,"st":1}}'
)
AGG_TRADE = (
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1787492322656,"a":3422444173,"s":"BTCUSDT",'
    b'"p":"77490.00","q":"0.003","nq":"0.003","f":8006170903,"l":8006170903,"T":1787492322555,"m":false,'
    b'"st":1}}'
)
QUOTE = (
    b'{"stream":"sushiusdt@bookTicker","data":{"e":"bookTicker","u":600859600576,"s":"SUSHIUSDT",'
    b'"b":"7.6110","B":"2","a":"7.6120","A":"297","T":1626992741012,"E":1626992741017}}'
)
MARK = (
    b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1787492323000,"s":"BTCUSDT",'
    b'"p":"77488.24528925","ap":"77488.24528925","P":"77435.97981966","i":"77485.96456522",'
    b'"r":"0.00010000","T":1787500800000,"st":1}}'
)
FORCED = (
    b'{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":1584059031426,"o":{"s":"BTCUSDT",'
    b'"S":"BUY","o":"LIMIT","f":"IOC","q":"0.014","p":"4793.91","ap":"4706.04","X":"FILLED","l":"0.015",'
    b'"z":"0.014","T":1584059031421}}}'
)

MESSAGES = [
    (
        DEPTH,
        Data("depth", "AKROUSDT", Ids(600859599831, 600859599831, 600859598737), 1626992741077000000),
        BookUpdate(
            "AKROUSDT",
            1626992741077000000,
            False,
            [],
            [(0.01737, 437848.0)],
            600859599831,
            600859599831,
            600859598737,
        ),
    ),
    (
        TRADE,
        Data("trade", "BTCUSDT", Ids(5266583935, 5266583935), 1723161256322000000),
        Trade("BTCUSDT", 1723161256321000000, "5266583935", "buy", 61800.3, 0.006),
    ),
    (
        AGG_TRADE,
        Data("aggTrade", "BTCUSDT", Ids(3422444173, 3422444173), 1787492322656000000),
        AggTrade("BTCUSDT", 1787492322555000000, "3422444173", "buy", 77490.0, 0.003, 8006170903, 8006170903),
    ),
    (
        QUOTE,
        Data("bookTicker", "SUSHIUSDT", Ids(600859600576, 600859600576), 1626992741017000000),
        Quote("SUSHIUSDT", 1626992741017000000, 7.611, 2.0, 7.612, 297.0, 600859600576),
    ),
    (
        MARK,
        Data("markPrice", "BTCUSDT", None, 1787492323000000000),
        DerivativeTicker(
            "BTCUSDT",
            1787492323000000000,
            funding_timestamp=1787500800000000000,
            funding_rate=0.0001,
            index_price=77485.96456522,
            mark_price=77488.24528925,
        ),
    ),
    (
        FORCED,
        Data("forceOrder", "BTCUSDT", None, 1584059031426000000),
        Liquidation("BTCUSDT", 1584059031421000000, None, "buy", 4793.91, 0.014, 4706.04),
    ),
]


def bare(message: bytes) -> bytes:
    return json.dumps(json.loads(message)["data"]).encode()


@pytest.mark.parametrize(("message", "header", "row"), MESSAGES)
def test_a_message_has_its_header_and_its_row(message: bytes, header: Header, row: Row) -> None:
    assert EXCHANGE.classify(message) == header
    assert list(EXCHANGE.normalize(header, message)) == [row]
    assert EXCHANGE.classify(bare(message)) == header
    assert list(EXCHANGE.normalize(header, bare(message))) == [row]


@pytest.mark.parametrize(("message", "number"), [(INSURANCE, 73701056), (SPENT, 7950493454)])
def test_what_did_not_trade_in_the_book_counts_as_seen_and_has_no_row(message: bytes, number: int) -> None:
    header = EXCHANGE.classify(message)
    assert header.ids == Ids(number, number)
    assert list(EXCHANGE.normalize(header, message)) == []


def test_a_market_trade_of_nothing_has_no_row() -> None:
    message = TRADE.replace(b'"0.006"', b'"0.000"')
    assert list(EXCHANGE.normalize(EXCHANGE.classify(message), message)) == []


def test_quotes_and_books_have_one_clock_that_of_the_event() -> None:
    for message in (QUOTE, DEPTH):
        (row,) = EXCHANGE.normalize(EXCHANGE.classify(message), message)
        assert row.timestamp == json.loads(message)["data"]["E"] * 10**6


def test_a_liquidation_without_a_price_of_its_order_has_the_one_that_was_paid() -> None:
    market = FORCED.replace(b'"p":"4793.91"', b'"p":"0"')
    (row,) = EXCHANGE.normalize(EXCHANGE.classify(market), market)
    assert isinstance(row, Liquidation)
    assert (row.price, row.average_price) == (4706.04, 4706.04)


def test_a_liquidation_of_which_nothing_was_filled_has_no_row() -> None:
    message = FORCED.replace(b'"z":"0.014"', b'"z":"0.000"').replace(b"FILLED", b"NEW")
    assert list(EXCHANGE.normalize(EXCHANGE.classify(message), message)) == []


def test_a_rate_of_a_contract_without_funding_is_left_out() -> None:
    message = MARK.replace(b"1787500800000", b"0").replace(b'"0.00010000"', b'"0.00000000"')
    (row,) = EXCHANGE.normalize(EXCHANGE.classify(message), message)
    assert isinstance(row, DerivativeTicker)
    assert (row.funding_rate, row.funding_timestamp, row.mark_price) == (None, None, 77488.24528925)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","s":"BTCUSDT"}}', Unknown),
        (b'{"stream":"btcusdt@markPrice@1s"}', Malformed),
        (b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":"now"}}', Malformed),
        (b'{"e":"forceOrder","E":5}', Malformed),
        (b'{"e":"forceOrder","E":5,"o":{}}', Unknown),
        (b'{"e":"24hrTicker","E":5,"s":"BTCUSDT","o":"77134.50"}', Unknown),
        (b'{"result":null,"id":1}', Reply),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


def link(previous: int, first: int, last: int) -> Header:
    data = {"e": "depthUpdate", "E": 1, "s": "A", "U": first, "u": last, "pu": previous, "b": [], "a": []}
    return EXCHANGE.classify(json.dumps({"stream": "a@depth@100ms", "data": data}).encode())


def test_a_chain_holds_where_each_update_names_the_one_before_and_breaks_where_one_is_lost() -> None:
    chain = [link(100, 103, 110), link(110, 118, 119), link(119, 140, 152), link(152, 153, 160)]
    whole = Continuity(EXCHANGE.channels)
    assert [whole.observe(each, 0).gap for each in chain] == [None] * 4
    broken = Continuity(EXCHANGE.channels)
    gaps = [broken.observe(each, 7).gap for each in (chain[0], chain[2], chain[3])]
    assert [gap is None for gap in gaps] == [True, False, True]
    assert gaps[1]
    assert (gaps[1].from_id, gaps[1].missing) == (110, None)
    assert broken.open_gaps("depth", "A") == [(111, 119)]
    assert EXCHANGE.channels["depth"].proof is Proof.CHAIN


def test_each_route_has_its_own_connections_within_the_limit_of_streams() -> None:
    symbols = [f"S{number}USDT" for number in range(300)]
    channels = ("trade", "aggTrade", "depth", "markPrice")
    wanted = [Subscription(channel, symbol) for symbol in symbols for channel in channels]
    plans = EXCHANGE.plan(wanted, "wss://fstream.binance.com")
    served = [one for plan in plans for one in plan.subscriptions]
    assert sorted(served) == sorted(wanted)
    assert len(plans) == 6
    for plan in plans:
        route = plan.url.removeprefix("wss://fstream.binance.com").removesuffix("/stream")
        expected = {"/public": {"trade", "depth"}, "/market": {"aggTrade", "markPrice"}}[route]
        assert {one.channel for one in plan.subscriptions} <= expected
        assert len(plan.subscriptions) <= 200
        assert [one for request in plan.requests for one in request.subscriptions] == [*plan.subscriptions]
        assert plan.send_interval_seconds >= 0.1


@pytest.mark.parametrize("path", ["", "/", "/ws", "/stream", "/public", "/market/stream", "/public/ws/"])
def test_the_routes_are_found_from_any_form_of_the_url(path: str) -> None:
    wanted = [Subscription("trade", "BTCUSDT"), Subscription("forceOrder", "BTCUSDT")]
    plans = EXCHANGE.plan(wanted, f"ws://127.0.0.1:9000{path}")
    assert [plan.url for plan in plans] == [
        "ws://127.0.0.1:9000/public/stream",
        "ws://127.0.0.1:9000/market/stream",
    ]


def test_a_snapshot_carries_the_time_of_the_exchange() -> None:
    body = (
        b'{"lastUpdateId":600859605926,"E":1626992741264,"T":1626992741261,"bids":[["7.6110","6"]],'
        b'"asks":[["7.6120","3"]]}'
    )
    header = EXCHANGE.classify_snapshot("SUSHIUSDT", body)
    assert header == Data("depth", "SUSHIUSDT", Ids(600859605926, 600859605926), 1626992741264000000)
    row = BookUpdate(
        "SUSHIUSDT", 1626992741264000000, True, [(7.611, 6.0)], [(7.612, 3.0)], 600859605926, 600859605926
    )
    assert list(EXCHANGE.normalize(header, body)) == [row]
    assert EXCHANGE.snapshot_request("SUSHIUSDT") == RestRequest(
        "/fapi/v1/depth?symbol=SUSHIUSDT&limit=1000", 20
    )


def test_trades_without_a_key_are_only_the_newest_and_aggregates_go_by_id() -> None:
    trades = EXCHANGE.backfill_request(Missing("trade", "BTCUSDT", 7, 9, 1, 2))
    assert trades == RestRequest("/fapi/v1/trades?symbol=BTCUSDT&limit=1000", 5)
    aggregates = EXCHANGE.backfill_request(Missing("aggTrade", "BTCUSDT", 7, 9, 1, 2))
    assert aggregates == RestRequest("/fapi/v1/aggTrades?symbol=BTCUSDT&fromId=7&limit=3", 20)
    assert EXCHANGE.backfill_request(Missing("markPrice", "BTCUSDT", 7, 9, 1, 2)) is None


def test_ids_that_rest_leaves_out_stay_open() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for number in (100, 105):
        continuity.observe(Data("trade", "BTCUSDT", Ids(number, number)), 0)
    row = '{"id":%d,"price":"61800.30","qty":"0.006","quoteQty":"1","time":1,"isBuyerMaker":true,'
    row += '"isRPITrade":false}'
    body = f"[{','.join(row % number for number in (101, 102, 104, 105))}]".encode()
    header = EXCHANGE.classify_backfill("trade", "BTCUSDT", body)
    for each in (header, *header.more):
        continuity.observe(each, 0)
    assert continuity.open_gaps("trade", "BTCUSDT") == [(103, 103)]
    assert [row.side for row in EXCHANGE.normalize_backfill(header, body) if isinstance(row, Trade)] == [
        "sell"
    ] * 4


def test_instruments_are_perpetuals_and_futures() -> None:
    steps = [
        {"filterType": "PRICE_FILTER", "maxPrice": "300", "minPrice": "0.0001", "tickSize": "0.0001"},
        {"filterType": "LOT_SIZE", "maxQty": "10000000", "minQty": "1", "stepSize": "1"},
    ]
    common = {"baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT", "filters": steps}
    listed = [
        {"symbol": "BTCUSDT", "contractType": "PERPETUAL", "deliveryDate": 4133404800000},
        {"symbol": "TSLAUSDT", "contractType": "TRADIFI_PERPETUAL", "deliveryDate": 4133404800000},
        {"symbol": "BTCUSDT_261225", "contractType": "CURRENT_QUARTER", "deliveryDate": 1798185600000},
        {"symbol": "OLDUSDT", "contractType": "", "status": "SETTLING"},
    ]
    body = json.dumps({"symbols": [{"status": "TRADING"} | each | common for each in listed]}).encode()
    assert list(EXCHANGE.instruments(body)) == [
        Instrument("BTCUSDT", "BTC", "USDT", "perpetual", tick=0.0001, lot=1.0),
        Instrument("TSLAUSDT", "BTC", "USDT", "perpetual", tick=0.0001, lot=1.0),
        Instrument(
            "BTCUSDT_261225", "BTC", "USDT", "future", tick=0.0001, lot=1.0, expiry=1798185600000000000
        ),
        Instrument("OLDUSDT", "BTC", "USDT", "perpetual", tick=0.0001, lot=1.0, active=False),
    ]
