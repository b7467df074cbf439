"""Binance COIN-M futures: what differs from USD-M. The messages were received in 2026."""

from __future__ import annotations

import json

import pytest

from daedalus.exchanges.binance.delivery import BinanceDelivery
from daedalus.exchanges.model import Data, Header, Ids, RestRequest, Subscription
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

EXCHANGE = BinanceDelivery()

MESSAGES = [
    (
        b'{"stream":"btcusd_perp@trade","data":{"e":"trade","E":1790373534694,"T":1790373534694,'
        b'"s":"BTCUSD_PERP","t":1155839922,"p":"83781.6","q":"1","X":"MARKET","m":false}}',
        Data("trade", "BTCUSD_PERP", Ids(1155839922, 1155839922), 1790373534694000000),
        Trade("BTCUSD_PERP", 1790373534694000000, "1155839922", "buy", 83781.6, 1.0),
    ),
    (
        b'{"stream":"btcusd_perp@aggTrade","data":{"e":"aggTrade","E":1787492348372,"a":494118434,'
        b'"s":"BTCUSD_PERP","p":"77505.5","q":"38","f":1149067072,"l":1149067074,"T":1787492348362,'
        b'"m":true,"st":2}}',
        Data("aggTrade", "BTCUSD_PERP", Ids(494118434, 494118434), 1787492348372000000),
        AggTrade(
            "BTCUSD_PERP", 1787492348362000000, "494118434", "sell", 77505.5, 38.0, 1149067072, 1149067074
        ),
    ),
    (
        b'{"stream":"btcusd_perp@depth@100ms","data":{"e":"depthUpdate","E":1790373637622,"T":1790373637613,'
        b'"s":"BTCUSD_PERP","ps":"BTCUSD","U":11660059838224,"u":11660059844303,"pu":11660059836647,'
        b'"b":[["82997.3","1382"],["83517.9","0"]],"a":[["83732.5","2458"]],"st":2}}',
        Data(
            "depth", "BTCUSD_PERP", Ids(11660059838224, 11660059844303, 11660059836647), 1790373637622000000
        ),
        BookUpdate(
            "BTCUSD_PERP",
            1790373637622000000,
            False,
            [(82997.3, 1382.0), (83517.9, 0.0)],
            [(83732.5, 2458.0)],
            11660059838224,
            11660059844303,
            11660059836647,
        ),
    ),
    (
        b'{"stream":"btcusd_perp@bookTicker","data":{"e":"bookTicker","u":11660059839759,"s":"BTCUSD_PERP",'
        b'"ps":"BTCUSD","b":"83732.4","B":"680","a":"83732.5","A":"2458","T":1790373637536,'
        b'"E":1790373637547,"st":2}}',
        Data("bookTicker", "BTCUSD_PERP", Ids(11660059839759, 11660059839759), 1790373637547000000),
        Quote("BTCUSD_PERP", 1790373637547000000, 83732.4, 680.0, 83732.5, 2458.0, 11660059839759),
    ),
    (
        b'{"stream":"btcusd_perp@markPrice@1s","data":{"e":"markPriceUpdate","E":1790373638000,'
        b'"s":"BTCUSD_PERP","p":"83732.50000000","ap":"83732.50000000","P":"83805.72765516",'
        b'"i":"83786.17543766","r":"-0.00000573","T":1790380800000,"st":2}}',
        Data("markPrice", "BTCUSD_PERP", None, 1790373638000000000),
        DerivativeTicker(
            "BTCUSD_PERP",
            1790373638000000000,
            funding_timestamp=1790380800000000000,
            funding_rate=-0.00000573,
            index_price=83786.17543766,
            mark_price=83732.5,
        ),
    ),
    (
        b'{"stream":"btcusd_200925@forceOrder","data":{"e":"forceOrder","E":1591154240950,"o":{'
        b'"s":"BTCUSD_200925","ps":"BTCUSD","S":"SELL","o":"LIMIT","f":"IOC","q":"1","p":"9425.5",'
        b'"ap":"9496.5","X":"FILLED","l":"1","z":"1","T":1591154240949}}}',
        Data("forceOrder", "BTCUSD_200925", None, 1591154240950000000),
        Liquidation("BTCUSD_200925", 1591154240949000000, None, "sell", 9425.5, 1.0, 9496.5),
    ),
]


@pytest.mark.parametrize(("message", "header", "row"), MESSAGES)
def test_messages_are_read_as_those_of_usd_m(message: bytes, header: Header, row: Row) -> None:
    assert EXCHANGE.classify(message) == header
    assert list(EXCHANGE.normalize(header, message)) == [row]


def test_contracts_with_a_date_have_no_funding() -> None:
    message = (
        b'{"stream":"btcusd_201225@markPrice@1s","data":{"e":"markPriceUpdate","E":1596095725000,'
        b'"s":"BTCUSD_201225","p":"10934.62615417","P":"10962.17178236","i":"10933.62615417","r":"","T":0}}'
    )
    (row,) = EXCHANGE.normalize(EXCHANGE.classify(message), message)
    assert row == DerivativeTicker(
        "BTCUSD_201225", 1596095725000000000, index_price=10933.62615417, mark_price=10934.62615417
    )


def test_one_route_serves_all_channels() -> None:
    wanted = [Subscription(channel, "BTCUSD_PERP") for channel in EXCHANGE.channels]
    (plan,) = EXCHANGE.plan(wanted, EXCHANGE.websocket_url)
    assert plan.url == "wss://dstream.binance.com/stream"
    (request,) = plan.requests
    assert json.loads(request.text)["params"] == [
        "btcusd_perp@trade",
        "btcusd_perp@aggTrade",
        "btcusd_perp@depth@100ms",
        "btcusd_perp@bookTicker",
        "btcusd_perp@markPrice@1s",
        "btcusd_perp@forceOrder",
    ]


def test_a_snapshot_has_its_time() -> None:
    body = (
        b'{"symbol":"BTCUSD_PERP","pair":"BTCUSD","lastUpdateId":11660051107935,"E":1790373521101,'
        b'"T":1790373521100,"bids":[["83778.8","5078"],["83778.7","1200"]],"asks":[["83778.9","956"]]}'
    )
    header = EXCHANGE.classify_snapshot("BTCUSD_PERP", body)
    assert header.ids == Ids(11660051107935, 11660051107935)
    (row,) = EXCHANGE.normalize(header, body)
    assert isinstance(row, BookUpdate)
    assert (row.timestamp, row.is_snapshot, row.asks) == (1790373521101000000, True, [(83778.9, 956.0)])
    request = RestRequest("/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000", 20)
    assert EXCHANGE.snapshot_request("BTCUSD_PERP") == request


def test_instruments_say_how_much_a_contract_is_and_when_it_ends() -> None:
    listed = [
        {"symbol": "BTCUSD_PERP", "contractType": "PERPETUAL", "deliveryDate": 4133404800000}
        | {"contractStatus": "TRADING", "contractSize": 100},
        {"symbol": "BTCUSD_260626", "contractType": "CURRENT_QUARTER DELIVERING", "contractSize": 100}
        | {"contractStatus": "DELIVERING", "deliveryDate": 1782460800000},
    ]
    steps = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.1", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "1", "stepSize": "1"},
    ]
    common = {"baseAsset": "BTC", "quoteAsset": "USD", "marginAsset": "BTC", "filters": steps}
    body = json.dumps({"symbols": [each | common for each in listed]}).encode()
    assert list(EXCHANGE.instruments(body)) == [
        Instrument("BTCUSD_PERP", "BTC", "USD", "perpetual", tick=0.1, lot=1.0, contract_size=100.0),
        Instrument(
            "BTCUSD_260626",
            "BTC",
            "USD",
            "future",
            tick=0.1,
            lot=1.0,
            contract_size=100.0,
            expiry=1782460800000000000,
            active=False,
        ),
    ]
