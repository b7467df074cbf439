"""Bybit, linear and spot: books that are counted, trades that are not."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.bybit.exchange import Bybit, BybitSpot
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Data,
    Header,
    Heartbeat,
    Ids,
    Malformed,
    Missing,
    Proof,
    Reply,
    RestRequest,
    Subscription,
    Unknown,
)
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Row, Trade

EXCHANGE, SPOT = Bybit(), BybitSpot()

TRADE = (
    b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,'
    b'"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick",'
    b'"i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false}]}'
)
SPOT_TRADES = (
    b'{"topic":"publicTrade.BTCUSDT","ts":1735689653900,"type":"snapshot","data":[{"i":"2290000000587387108",'
    b'"T":1735689653898,"p":"93611.04","v":"0.000725","S":"Buy","s":"BTCUSDT","BT":false},'
    b'{"i":"2290000000587387109","T":1735689653898,"p":"93611.77","v":"0.001378","S":"Sell","s":"BTCUSDT",'
    b'"BT":false}]}'
)
SNAPSHOT = (
    b'{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"s":"BTCUSDT","b":'
    b'[["16493.50","0.006"],["16493.00","0.100"]],"a":[["16611.00","0.029"],["16612.00","0.213"]],'
    b'"u":18521288,"seq":7961638724},"cts":1672304484976}'
)
DELTA = (
    b'{"topic":"orderbook.200.BTCUSDT","ts":1687940967466,"type":"delta","data":{"s":"BTCUSDT","b":'
    b'[["30247.20","30.028"],["30245.40","0"]],"a":[["30248.70","0"]],"u":18521289,"seq":66544703342},'
    b'"cts":1687940967464}'
)
TOP = (
    b'{"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1682092584425,"data":{"s":"BTCUSDT","b":'
    b'[["27991.70","0.777"]],"a":[["27994.40","0.058"]],"u":1188472,"seq":11155892580}}'
)
TOP_DELTA = (  # as the topic was until 2024
    b'{"topic":"orderbook.1.BTCUSDT","type":"delta","ts":1682092584425,"data":{"s":"BTCUSDT","b":'
    b'[["27994.60","0"],["27991.70","0.777"]],"a":[["27994.40","0.058"],["27994.80","0"]],"u":1188472,'
    b'"seq":11155892580}}'
)
TICKER = (
    b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","tickDirection":"PlusTick",'
    b'"price24hPcnt":"0.017103","lastPrice":"17216.00","prevPrice24h":"16926.50","markPrice":"17217.33",'
    b'"indexPrice":"17227.36","openInterest":"68744.761","openInterestValue":"1183601235.91",'
    b'"volume24h":"91705.276","nextFundingTime":"1673280000000","fundingRate":"-0.000212",'
    b'"bid1Price":"17215.50","bid1Size":"84.489","ask1Price":"17216.00","ask1Size":"83.020"},'
    b'"cs":24987956059,"ts":1673272861686}'
)
LIQUIDATION = (
    b'{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,"data":[{"T":1739502302929,'
    b'"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}'
)
ACK = b'{"success":true,"ret_msg":"","conn_id":"3cd84cb1-4d06-4a05","req_id":"3","op":"subscribe"}'
PONG = b'{"success":true,"ret_msg":"pong","conn_id":"465772b1","req_id":"","op":"ping"}'
REFUSAL = (
    b'{"success":false,"ret_msg":"error:handler not found,topic:publicTrade.NOTASYMBOL","conn_id":"d9jh",'
    b'"req_id":"2","op":"subscribe"}'
)


def rows(message: bytes, exchange: Bybit = EXCHANGE) -> list[Row]:
    return list(exchange.normalize(exchange.classify(message), message))


def test_a_trade_has_an_id_that_proves_nothing() -> None:
    header = Data("publicTrade", "BTCUSDT", None, 1672304486868000000)
    assert EXCHANGE.classify(TRADE) == header
    number = "20f43950-d8dd-5b31-9112-a178eb6023af"
    assert rows(TRADE) == [Trade("BTCUSDT", 1672304486865000000, number, "buy", 16578.5, 0.001)]
    assert EXCHANGE.channels["publicTrade"].proof is Proof.NONE


def test_all_trades_of_a_message_are_told_in_their_order() -> None:
    time = 1735689653898000000
    assert SPOT.classify(SPOT_TRADES).symbol == "BTCUSDT"
    assert rows(SPOT_TRADES, SPOT) == [
        Trade("BTCUSDT", time, "2290000000587387108", "buy", 93611.04, 0.000725),
        Trade("BTCUSDT", time, "2290000000587387109", "sell", 93611.77, 0.001378),
    ]


def test_a_book_is_a_snapshot_and_then_counted_changes() -> None:
    begun, changed = EXCHANGE.classify(SNAPSHOT), EXCHANGE.classify(DELTA)
    number, after = Ids(18521288, 18521288), Ids(18521289, 18521289)
    assert begun == Data("orderbook", "BTCUSDT", number, 1672304484978000000, is_snapshot=True)
    assert changed == Data("orderbook", "BTCUSDT", after, 1687940967466000000)
    assert rows(SNAPSHOT) == [
        BookUpdate(
            "BTCUSDT",
            1672304484978000000,
            True,
            [(16493.5, 0.006), (16493.0, 0.1)],
            [(16611.0, 0.029), (16612.0, 0.213)],
            18521288,
            18521288,
        )
    ]
    assert rows(DELTA) == [
        BookUpdate(
            "BTCUSDT",
            1687940967466000000,
            False,
            [(30247.2, 30.028), (30245.4, 0.0)],
            [(30248.7, 0.0)],
            18521289,
            18521289,
        )
    ]


def book(number: int, *, whole: bool = False, ms: int = 1_700_000_000_000) -> Header:
    message = json.loads(SNAPSHOT if whole else DELTA)
    message["ts"] = ms
    message["data"]["u"] = number
    return EXCHANGE.classify(json.dumps(message).encode())


def test_a_message_of_a_book_that_is_missing_is_counted() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for header in (book(70, whole=True), book(71), book(72)):
        assert continuity.observe(header, 1).gap is None
    gap = continuity.observe(book(75), 2).gap
    assert gap is not None
    assert (gap.from_id, gap.to_id, gap.missing) == (72, 75, 2)
    assert continuity.observe(book(75), 3).duplicate


def test_number_one_is_a_restart_of_the_service_and_not_an_old_message() -> None:
    continuity = Continuity(EXCHANGE.channels)
    continuity.observe(book(70, whole=True), 1)
    assert continuity.observe(book(1, whole=True, ms=1_700_000_001_000), 2).reset
    assert continuity.observe(book(2, ms=1_700_000_001_100), 3).gap is None
    assert continuity.last("orderbook", "BTCUSDT") == 2


@pytest.mark.parametrize("message", [TOP, TOP_DELTA])
def test_the_top_of_the_book_is_a_quote(message: bytes) -> None:
    time = 1682092584425000000
    assert EXCHANGE.classify(message) == Data("orderbook1", "BTCUSDT", Ids(1188472, 1188472), time)
    assert rows(message) == [Quote("BTCUSDT", time, 27991.7, 0.777, 27994.4, 0.058, 1188472)]


def test_a_side_that_was_not_sent_is_left_out_of_the_quote() -> None:
    (quote,) = rows(TOP.replace(b'[["27991.70","0.777"]]', b"[]"))
    assert isinstance(quote, Quote)
    assert (quote.bid_price, quote.bid_amount, quote.ask_price) == (None, None, 27994.4)


def test_a_ticker_tells_only_what_it_says() -> None:
    time = 1673272861686000000
    assert EXCHANGE.classify(TICKER) == Data("tickers", "BTCUSDT", None, time)
    assert rows(TICKER) == [
        DerivativeTicker(
            "BTCUSDT",
            time,
            funding_timestamp=1673280000000000000,
            funding_rate=-0.000212,
            open_interest=68744.761,
            last_price=17216.0,
            index_price=17227.36,
            mark_price=17217.33,
        )
    ]
    change = b'{"topic":"tickers.A","type":"delta","data":{"symbol":"A","markPrice":"0"},"cs":2,"ts":5}'
    assert rows(change) == [DerivativeTicker("A", 5_000_000, mark_price=0.0)]
    elsewhere = change.replace(b'"markPrice":"0"', b'"bid1Price":"28560.00","fundingRate":""')
    assert rows(elsewhere) == []


@pytest.mark.parametrize(("position", "order"), [(b"Sell", "buy"), (b"Buy", "sell")])
def test_a_liquidation_has_the_side_of_the_order_that_ends_the_position(position: bytes, order: str) -> None:
    message = LIQUIDATION.replace(b'"S":"Sell"', b'"S":"%s"' % position)
    assert EXCHANGE.classify(message) == Data("allLiquidation", "ROSEUSDT", None, 1739502303204000000)
    assert rows(message) == [Liquidation("ROSEUSDT", 1739502302929000000, None, order, 0.04499, 20000.0)]


def test_answers_are_known_by_the_number_of_their_request() -> None:
    assert EXCHANGE.classify(ACK) == Reply(3)
    without = ACK.replace(b'"req_id":"3"', b'"req_id":""')
    assert EXCHANGE.classify(without) == Reply(None)
    error = "error:handler not found,topic:publicTrade.NOTASYMBOL"
    named = (Subscription("publicTrade", "NOTASYMBOL"),)
    assert EXCHANGE.classify(REFUSAL) == Reply(2, named, error)
    silent = b'{"success":false,"op":"subscribe","req_id":null}'
    assert EXCHANGE.classify(silent) == Reply(None, (), "refused without a reason")


@pytest.mark.parametrize(
    "message", [PONG, b'{"req_id":"2","op":"pong","args":["1757405570352"],"conn_id":"d266"}']
)
def test_the_answer_to_a_ping_is_a_heartbeat(message: bytes) -> None:
    assert EXCHANGE.classify(message) == Heartbeat()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"topic":"kline.1.BTCUSDT","type":"snapshot","ts":1,"data":[]}', Unknown),
        (b'{"topic":"orderbook.full.MNTUSDT","type":"delta","ts":1,"data":{"u":1}}', Unknown),
        (b'{"topic":"orderbook1.BTCUSDT","type":"delta","ts":1,"data":{"u":1}}', Unknown),
        (b'{"ts":1,"data":[],"topic":"publicTrade.A"}', Data),
        (b'{"topic":"publicTrade.A","ts":1}', Malformed),
        (b'{"topic":"publicTrade.","ts":1,"data":[]}', Unknown),
        (b'{"topic":"orderbook.200.A","type":"delta","ts":1,"data":{"u":"x"}}', Malformed),
        (b'{"topic":"orderbook.200.A","type":"weird","ts":1,"data":{"u":1}}', Malformed),
        (b'{"topic":"orderbook.200.A","type":"delta","ts":1,"data":{}}', Malformed),
        (b'{"topic":"orderbook.200.A","type":"delta","ts":1,"data":{"u":1}', Malformed),
        (b'{"topic":5}', Unknown),
        (b'{"topic":"publicTrade.\xff","ts":1,"data":[]}', Malformed),
        (b"{}", Unknown),
        (b"null", Unknown),
        (b"[]", Unknown),
        (b"", Malformed),
        (b'{"topic":"tickers.A","data":' + b"[" * 100_000, Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


def test_spot_does_not_know_what_only_derivatives_have() -> None:
    assert set(SPOT.channels) == {"publicTrade", "orderbook", "orderbook1"}
    assert isinstance(SPOT.classify(TICKER), Unknown)
    assert isinstance(SPOT.classify(LIQUIDATION), Unknown)
    assert SPOT.classify(DELTA) == EXCHANGE.classify(DELTA)


@pytest.mark.parametrize("exchange", [EXCHANGE, SPOT])
def test_a_plan_keeps_every_limit_and_forgets_no_stream(exchange: Bybit) -> None:
    wanted = [
        Subscription(channel, f"SYMBOL{number}USDT") for number in range(330) for channel in exchange.channels
    ]
    plans = exchange.plan([*wanted, wanted[0]], "ws://127.0.0.1:8123/v5/public/elsewhere")
    assert [one for plan in plans for one in plan.subscriptions] == wanted
    for plan in plans:
        assert plan.url == f"ws://127.0.0.1:8123/v5/public/{exchange.category}"
        assert [one for request in plan.requests for one in request.subscriptions] == list(plan.subscriptions)
        args = [arg for request in plan.requests for arg in json.loads(request.text)["args"]]
        assert len(json.dumps(args)) <= 21_000
        assert all(len(request.subscriptions) <= 10 for request in plan.requests)
        assert json.loads(plan.keepalive_text or "")["op"] == "ping"
    assert len(plans) == 7


def test_long_names_count_to_the_limit_of_characters() -> None:
    wanted = [Subscription("publicTrade", f"{number}{'X' * 3000}") for number in range(20)]
    plans = EXCHANGE.plan(wanted, EXCHANGE.websocket_url)
    assert [len(plan.subscriptions) for plan in plans] == [6, 6, 6, 2]


def test_requests_are_numbered_as_their_answers_will_be() -> None:
    wanted = [Subscription(channel, "BTCUSDT") for channel in EXCHANGE.channels]
    (plan,) = EXCHANGE.plan(wanted, EXCHANGE.websocket_url)
    (request,) = plan.requests
    assert plan.url == EXCHANGE.websocket_url
    assert (request.id, json.loads(request.text)) == (
        1,
        {
            "req_id": "1",
            "op": "subscribe",
            "args": [
                "publicTrade.BTCUSDT",
                "orderbook.200.BTCUSDT",
                "orderbook.1.BTCUSDT",
                "tickers.BTCUSDT",
                "allLiquidation.BTCUSDT",
            ],
        },
    )


def test_a_fresh_snapshot_comes_after_leaving_and_asking_again() -> None:
    texts = EXCHANGE.resubscribe(Subscription("orderbook", "BTCUSDT"))
    args = ["orderbook.200.BTCUSDT"]
    assert [json.loads(text) for text in texts] == [
        {"op": "unsubscribe", "args": args},
        {"op": "subscribe", "args": args},
    ]


@pytest.mark.parametrize(
    ("exchange", "category", "limit"), [(EXCHANGE, "linear", "1000"), (SPOT, "spot", "60")]
)
def test_a_backfill_asks_for_the_newest_trades(exchange: Bybit, category: str, limit: str) -> None:
    request = exchange.backfill_request(Missing("publicTrade", "BTCUSDT", None, None, 1, 2))
    assert isinstance(request, RestRequest)
    parts = urlsplit(request.path)
    assert parts.path == "/v5/market/recent-trade"
    assert dict(parse_qsl(parts.query)) == {"category": category, "symbol": "BTCUSDT", "limit": limit}
    assert exchange.backfill_request(Missing("orderbook", "BTCUSDT", 1, 2, 1, 2)) is None


def test_a_backfill_has_the_ids_of_the_stream_oldest_first() -> None:
    body = (
        b'{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"execId":"2290000000587387109",'
        b'"symbol":"BTCUSDT","price":"16618.49","size":"0.00012","side":"Buy","time":"1672052955758",'
        b'"isBlockTrade":false},{"execId":"2290000000587387108","symbol":"BTCUSDT","price":"16618.5",'
        b'"size":"2","side":"Sell","time":"1672052955700","isBlockTrade":false}]},"retExtInfo":{},'
        b'"time":1672053054358}'
    )
    header = SPOT.classify_backfill("publicTrade", "BTCUSDT", body)
    assert header == Data("publicTrade", "BTCUSDT", None, 1672052955700000000)
    assert SPOT.normalize_backfill(header, body) == [
        Trade("BTCUSDT", 1672052955700000000, "2290000000587387108", "sell", 16618.5, 2.0),
        Trade("BTCUSDT", 1672052955758000000, "2290000000587387109", "buy", 16618.49, 0.00012),
    ]


def test_an_answer_without_trades_is_data() -> None:
    body = b'{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[]},"time":5}'
    assert SPOT.classify_backfill("publicTrade", "A", body) == Data("publicTrade", "A")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"retCode":10001,"retMsg":"params error","result":{}}',
        b'{"retCode":0,"result":{"list":[{"execId":5}]}}',
    ],
)
def test_an_answer_that_is_none_is_no_backfill(body: bytes) -> None:
    assert isinstance(EXCHANGE.classify_backfill("publicTrade", "A", body), Malformed)
    with pytest.raises(UNREADABLE):
        EXCHANGE.instruments(body)
    with pytest.raises(UNREADABLE):
        EXCHANGE.normalize_backfill(Data("publicTrade", "A"), body)


def test_instruments_are_listed_with_their_steps() -> None:
    paths = [request.path for request in EXCHANGE.instruments_requests()]
    assert paths == [
        "/v5/market/instruments-info?category=linear&limit=1000",
        "/v5/market/instruments-info?category=linear&limit=1000&status=PreLaunch",
    ]
    body = (
        b'{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[{"symbol":"BTCUSDT","symbolId":5,'
        b'"contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT",'
        b'"launchTime":"1585526400000","deliveryTime":"0","priceFilter":{"minPrice":"0.10","tickSize":"0.10"},'
        b'"lotSizeFilter":{"qtyStep":"0.001","minNotionalValue":"5"},"preListingInfo":null},'
        b'{"symbol":"BTC-27DEC24","contractType":"LinearFutures","status":"PreLaunch","baseCoin":"BTC",'
        b'"quoteCoin":"USDC","deliveryTime":"1735286400000","priceFilter":{"tickSize":"0.5"},'
        b'"lotSizeFilter":{"qtyStep":"0.01"}}],"nextPageCursor":"first%3DBTC%26last%3DBTC"},"time":1}'
    )
    assert EXCHANGE.instruments(body) == [
        Instrument("BTCUSDT", "BTC", "USDT", "perpetual", tick=0.1, lot=0.001),
        Instrument(
            "BTC-27DEC24",
            "BTC",
            "USDC",
            "future",
            tick=0.5,
            lot=0.01,
            expiry=1735286400000000000,
            active=False,
        ),
    ]


def test_pairs_are_listed_at_once() -> None:
    assert [each.path for each in SPOT.instruments_requests()] == [
        "/v5/market/instruments-info?category=spot"
    ]
    body = (
        b'{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbolId":9,"symbol":"BTCUSDT",'
        b'"baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","marginTrading":"utaOnly",'
        b'"lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001"},'
        b'"priceFilter":{"tickSize":"0.1"}}]},"retExtInfo":{},"time":1760027412300}'
    )
    assert SPOT.instruments(body) == [Instrument("BTCUSDT", "BTC", "USDT", "spot", tick=0.1, lot=0.000001)]


def test_symbols_have_one_spelling() -> None:
    assert EXCHANGE.symbol(" btcusdt ") == "BTCUSDT"


@given(st.sampled_from([TRADE, DELTA, TOP, TICKER, LIQUIDATION, ACK, REFUSAL]), st.data())
def test_a_damaged_message_is_classified_all_the_same(message: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(message)))
    damaged = message[:at] + data.draw(st.binary(max_size=4)) + message[at + data.draw(st.integers(0, 6)) :]
    header = EXCHANGE.classify(damaged)
    if isinstance(header, Data):
        try:
            found = EXCHANGE.normalize(header, damaged)
        except UNREADABLE:
            return
        assert all(row.symbol == header.symbol for row in found)


def test_trades_of_options_share_the_topic_of_their_coin_and_are_no_trades_of_it() -> None:
    trade = b'{"p":"985","v":"0.01","i":"1","T":1786538700833,"s":"BTC-28AUG26-70000-C","S":"Sell"}'
    message = b'{"topic":"publicTrade.BTC","ts":1786538700834,"data":[%s],"type":"snapshot"}' % trade
    with pytest.raises(ValueError, match="a trade of BTC-28AUG26-70000-C among those of BTC"):
        EXCHANGE.normalize(EXCHANGE.classify(message), message)


def test_what_follows_the_symbol_of_a_topic_is_not_taken_for_a_part_of_it() -> None:
    for topic in (b"publicTrade.BTCUSDT.x", b"orderbook.200.BTCUSDT.x", b"tickers.BTCUSDT.x"):
        message = b'{"topic":"%s","type":"snapshot","ts":1,"data":[]}' % topic
        assert isinstance(EXCHANGE.classify(message), Unknown)


def test_options_are_no_pairs_in_the_list_of_instruments() -> None:
    body = (
        b'{"retCode":0,"result":{"category":"option","list":[{"symbol":"BTC-28AUG26-70000-C","status":"Trading",'
        b'"baseCoin":"BTC","quoteCoin":"USD","optionsType":"Call","deliveryTime":"1788000000000"}]}}'
    )
    assert EXCHANGE.instruments(body) == []
