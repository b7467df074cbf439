"""Hyperliquid: what each real message is, and what is asked."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from daedalus.exchanges.hyperliquid.exchange import Hyperliquid
from daedalus.exchanges.model import Data, Heartbeat, Malformed, Missing, Reply, Subscription, Unknown
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Quote, Trade

EXCHANGE = Hyperliquid()
TRADE = (
    b'{"channel":"trades","data":[{"coin":"FXS","side":"A","px":"1.9008","sz":"10.5","time":1730160015113,'
    b'"hash":"0xdde3","tid":611279506717453,"users":["0xa","0xb"]}]}'
)
BOOK = (
    b'{"channel":"l2Book","data":{"coin":"BTC","time":1790232236546,"levels":[[{"px":"84143.0","sz":"10.25923",'
    b'"n":36}],[{"px":"84144.0","sz":"50.66449","n":18}]]}}'
)
BBO = (
    b'{"channel":"bbo","data":{"coin":"BTC","time":1759536000789,'
    b'"bbo":[{"px":"121000.0","sz":"0.5","n":3},null]}}'
)
CONTEXT = (
    b'{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0000125","openInterest":"34715.04452",'
    b'"prevDayPx":"83388.0","dayNtlVlm":"2524355036.618314743","premium":"-0.0001513106","oraclePx":"85916.0",'
    b'"markPx":"85896.4","midPx":"85902.5","impactPxs":["85902.0","85903.0"],"dayBaseVlm":"29799.4898"}}}'
)


def rows(message: bytes) -> list[object]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


def test_a_trade_has_an_id_that_proves_nothing() -> None:
    assert EXCHANGE.classify(TRADE) == Data("trades", "FXS", exchange_ns=1730160015113000000)
    assert rows(TRADE) == [Trade("FXS", 1730160015113000000, "611279506717453", "sell", 1.9008, 10.5)]
    assert rows(TRADE.replace(b'"A"', b'"B"'))[0].side == "buy"  # type: ignore[attr-defined]


def test_trades_of_one_message_come_oldest_first() -> None:
    trade = json.loads(TRADE)["data"][0]
    both = [trade, {**trade, "time": trade["time"] - 5, "tid": 7}]
    message = json.dumps({"channel": "trades", "data": both}).encode()
    assert EXCHANGE.classify(message).exchange_ns == 1730160015113000000
    assert [row.id for row in EXCHANGE.normalize(EXCHANGE.classify(message), message)] == [
        "7",
        "611279506717453",
    ]  # type: ignore[union-attr]


def test_trades_of_several_coins_are_of_each_of_them() -> None:
    trade = json.loads(TRADE)["data"][0]
    message = json.dumps({"channel": "trades", "data": [trade, {**trade, "coin": "BTC"}]}).encode()
    header = EXCHANGE.classify(message)
    assert [part.symbol for part in (header, *header.more)] == ["FXS", "BTC"]


def test_each_book_is_a_whole_one() -> None:
    expected = Data("l2Book", "BTC", exchange_ns=1790232236546000000, is_snapshot=True)
    assert EXCHANGE.classify(BOOK) == expected
    assert rows(BOOK) == [
        BookUpdate("BTC", 1790232236546000000, True, [(84143.0, 10.25923)], [(84144.0, 50.66449)])
    ]


def test_a_side_without_orders_has_no_quote() -> None:
    assert EXCHANGE.classify(BBO) == Data("bbo", "BTC", exchange_ns=1759536000789000000)
    assert rows(BBO) == [Quote("BTC", 1759536000789000000, 121000.0, 0.5, None, None)]


def test_a_context_tells_funding_interest_and_prices_without_a_time() -> None:
    assert EXCHANGE.classify(CONTEXT) == Data("activeAssetCtx", "BTC")
    assert rows(CONTEXT) == [
        DerivativeTicker(
            "BTC",
            None,
            funding_rate=0.0000125,
            open_interest=34715.04452,
            index_price=85916.0,
            mark_price=85896.4,
        )
    ]


def test_the_context_of_a_spot_pair_has_a_mark_price_only() -> None:
    message = (
        b'{"channel":"activeSpotAssetCtx","data":{"coin":"@107","ctx":{"dayNtlVlm":"8906.0","prevDayPx":"0.20432",'
        b'"markPx":"0.2153","midPx":"0.2155","circulatingSupply":"851681534.05"}}}'
    )
    assert EXCHANGE.classify(message) == Data("activeAssetCtx", "@107")
    assert rows(message) == [DerivativeTicker("@107", None, mark_price=0.2153)]


def test_answers_name_what_is_served_or_refused() -> None:
    stream = Subscription("trades", "BTC")
    named = b'"subscription":{"type":"trades","coin":"BTC"}'
    served = b'{"channel":"subscriptionResponse","data":{"method":"subscribe",%s}}' % named
    assert EXCHANGE.classify(served) == Reply(subscriptions=(stream,))
    ended = served.replace(b'"subscribe"', b'"unsubscribe"')
    assert EXCHANGE.classify(ended) == Reply()
    text = 'Already subscribed: {"type":"trades","coin":"BTC"}'
    refused = json.dumps({"channel": "error", "data": text}).encode()
    assert EXCHANGE.classify(refused) == Reply(subscriptions=(stream,), error=text)
    other = b'{"channel":"error","data":"Error parsing JSON into valid websocket request: {x"}'
    assert EXCHANGE.classify(other) == Reply(error="Error parsing JSON into valid websocket request: {x")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"channel":"pong"}', Heartbeat),
        (b'{"channel": "pong"}', Heartbeat),
        (b"Websocket connection established.", Heartbeat),
        (b'{"channel":"trades","data":[]}', Heartbeat),
        (b'{"channel":"candle","data":{}}', Unknown),
        (b"{}", Unknown),
        (b"[]", Unknown),
        (b'{"channel":"l2Book","data":{"coin":5}}', Malformed),
        (b'{"channel":"bbo","data":{"coin":""}}', Malformed),
        (b'{"channel":"trades"}', Malformed),
        (BOOK[:60], Malformed),
        (b"\xff", Malformed),
        (b'{"channel":' + b"[" * 100_000, Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


@pytest.mark.parametrize("number", [b'"-1"', b'"NaN"', b'"1e999"', b"null"])
def test_impossible_numbers_are_refused(number: bytes) -> None:
    message = TRADE.replace(b'"1.9008"', number)
    with pytest.raises(msgspec.DecodeError):
        rows(message)


def test_streams_are_spread_over_connections_and_asked_for_one_by_one() -> None:
    coins = [f"C{number}" for number in range(240)]
    wanted = [Subscription(channel, coin) for coin in coins for channel in EXCHANGE.channels]
    plans = EXCHANGE.plan([*wanted, *wanted], "ws://127.0.0.1:9001")
    assert [len(plan.subscriptions) for plan in plans] == [200, 200, 200, 200, 160]
    assert {plan.url for plan in plans} == {"ws://127.0.0.1:9001/ws"}
    assert [one for plan in plans for each in plan.requests for one in each.subscriptions] == wanted
    assert json.loads(plans[0].requests[1].text) == {
        "method": "subscribe",
        "subscription": {"type": "l2Book", "coin": "C0"},
    }
    assert json.loads(plans[0].keepalive_text or "") == {"method": "ping"}
    assert EXCHANGE.plan(wanted[:1], EXCHANGE.websocket_url)[0].url == EXCHANGE.websocket_url


def test_a_fresh_book_comes_by_subscribing_anew() -> None:
    texts = [json.loads(text) for text in EXCHANGE.resubscribe(Subscription("l2Book", "BTC"))]
    assert [text["method"] for text in texts] == ["unsubscribe", "subscribe"]
    assert texts[0]["subscription"] == texts[1]["subscription"] == {"type": "l2Book", "coin": "BTC"}


def test_the_case_of_a_coin_counts() -> None:
    assert EXCHANGE.symbol(" kPEPE ") == "kPEPE"


def test_no_trade_can_be_asked_for_again() -> None:
    assert EXCHANGE.backfill_request(Missing("trades", "BTC", None, None, 0, 1)) is None


def test_instruments_are_asked_for_by_post() -> None:
    bodies: list[Any] = [request.body for request in EXCHANGE.instruments_requests()]
    assert bodies == [b'{"type":"meta"}', b'{"type":"spotMeta"}']
    assert {request.path for request in EXCHANGE.instruments_requests()} == {"/info"}
    meta = (
        b'{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":50},'
        b'{"name":"MATIC","szDecimals":1,"maxLeverage":20,"isDelisted":true}],"marginTables":[]}'
    )
    assert EXCHANGE.instruments(meta) == [
        Instrument("BTC", "BTC", "USDC", "perpetual", lot=0.00001),
        Instrument("MATIC", "MATIC", "USDC", "perpetual", lot=0.1, active=False),
    ]
    spot = (
        b'{"tokens":[{"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0},'
        b'{"name":"PURR","szDecimals":0,"weiDecimals":5,"index":1}],'
        b'"universe":[{"name":"PURR/USDC","tokens":[1,0],"index":0,"isCanonical":true},'
        b'{"name":"@1","tokens":[2,0],"index":1}]}'
    )
    assert EXCHANGE.instruments(spot) == [Instrument("PURR/USDC", "PURR", "USDC", "spot", lot=1.0)]


def test_a_bbo_of_one_side_is_read_whether_the_other_is_null_or_not_there() -> None:
    expected = [Quote("BTC", 1759536000789000000, 121000.0, 0.5, None, None)]
    alone = BBO.replace(b",null]", b"]")
    for message in (BBO, alone):
        assert list(EXCHANGE.normalize(EXCHANGE.classify(message), message)) == expected
    for nothing in (BBO.replace(b'{"px":"121000.0","sz":"0.5","n":3}', b"null"),):
        assert list(EXCHANGE.normalize(EXCHANGE.classify(nothing), nothing)) == []
    three = BBO.replace(b",null]", b",null,null]")
    with pytest.raises(ValueError, match="3 sides"):
        EXCHANGE.normalize(EXCHANGE.classify(three), three)
