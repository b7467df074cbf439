"""Binance COIN-M futures: what differs from USD-M. The messages were received in 2020 to 2026."""

from __future__ import annotations

import json
from dataclasses import replace

from support.exchange_samples import Connects, Limits, Listed, data, snapshot
from unit.exchanges.binance.futures_samples import CHAINS, FUTURES, MESSAGES
from unit.exchanges.binance.shapes import subscribing

from daedalus.tables.rows import AggTrade, BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Trade

OWN = [
    data(
        b'{"stream":"btcusd_perp@trade","data":{"e":"trade","E":1790373534694,"T":1790373534694,'
        b'"s":"BTCUSD_PERP","t":1155839922,"p":"83781.6","q":"1","X":"MARKET","m":false}}',
        "trade",
        Trade("BTCUSD_PERP", 1790373534694000000, "1155839922", "buy", 83781.6, 1.0),
        ids=1155839922,
    ),
    data(
        b'{"stream":"btcusd_perp@aggTrade","data":{"e":"aggTrade","E":1787492348372,"a":494118434,'
        b'"s":"BTCUSD_PERP","p":"77505.5","q":"38","f":1149067072,"l":1149067074,"T":1787492348362,'
        b'"m":true,"st":2}}',
        "aggTrade",
        AggTrade(
            "BTCUSD_PERP", 1787492348362000000, "494118434", "sell", 77505.5, 38.0, 1149067072, 1149067074
        ),
        ids=494118434,
        at=1787492348372000000,
    ),
    data(
        b'{"stream":"btcusd_perp@depth@100ms","data":{"e":"depthUpdate","E":1790373637622,"T":1790373637613,'
        b'"s":"BTCUSD_PERP","ps":"BTCUSD","U":11660059838224,"u":11660059844303,"pu":11660059836647,'
        b'"b":[["82997.3","1382"],["83517.9","0"]],"a":[["83732.5","2458"]],"st":2}}',
        "depth",
        BookUpdate(
            *("BTCUSD_PERP", 1790373637622000000, False, [(82997.3, 1382.0), (83517.9, 0.0)]),
            *([(83732.5, 2458.0)], 11660059838224, 11660059844303, 11660059836647),
        ),
        ids=(11660059838224, 11660059844303, 11660059836647),
    ),
    data(
        b'{"stream":"btcusd_perp@bookTicker","data":{"e":"bookTicker","u":11660059839759,"s":"BTCUSD_PERP",'
        b'"ps":"BTCUSD","b":"83732.4","B":"680","a":"83732.5","A":"2458","T":1790373637536,'
        b'"E":1790373637547,"st":2}}',
        "bookTicker",
        Quote("BTCUSD_PERP", 1790373637547000000, 83732.4, 680.0, 83732.5, 2458.0, 11660059839759),
        ids=11660059839759,
    ),
    data(
        b'{"stream":"btcusd_perp@markPrice@1s","data":{"e":"markPriceUpdate","E":1790373638000,'
        b'"s":"BTCUSD_PERP","p":"83732.50000000","ap":"83732.50000000","P":"83805.72765516",'
        b'"i":"83786.17543766","r":"-0.00000573","T":1790380800000,"st":2}}',
        "markPrice",
        DerivativeTicker(
            "BTCUSD_PERP",
            1790373638000000000,
            funding_timestamp=1790380800000000000,
            funding_rate=-0.00000573,
            index_price=83786.17543766,
            mark_price=83732.5,
        ),
    ),
    data(
        b'{"stream":"btcusd_200925@forceOrder","data":{"e":"forceOrder","E":1591154240950,"o":{'
        b'"s":"BTCUSD_200925","ps":"BTCUSD","S":"SELL","o":"LIMIT","f":"IOC","q":"1","p":"9425.5",'
        b'"ap":"9496.5","X":"FILLED","l":"1","z":"1","T":1591154240949}}}',
        "forceOrder",
        Liquidation("BTCUSD_200925", 1591154240949000000, None, "sell", 9425.5, 1.0, 9496.5),
        at=1591154240950000000,
    ),
    data(  # a contract with a date has no funding
        b'{"stream":"btcusd_201225@markPrice@1s","data":{"e":"markPriceUpdate","E":1596095725000,'
        b'"s":"BTCUSD_201225","p":"10934.62615417","P":"10962.17178236","i":"10933.62615417","r":"","T":0}}',
        "markPrice",
        DerivativeTicker(
            "BTCUSD_201225", 1596095725000000000, index_price=10933.62615417, mark_price=10934.62615417
        ),
    ),
]

_BODY = (
    b'{"symbol":"BTCUSD_PERP","pair":"BTCUSD","lastUpdateId":11660051107935,"E":1790373521101,'
    b'"T":1790373521100,"bids":[["83778.8","5078"],["83778.7","1200"]],"asks":[["83778.9","956"]]}'
)
_LISTED = [
    {"symbol": "BTCUSD_PERP", "contractType": "PERPETUAL", "deliveryDate": 4133404800000}
    | {"contractStatus": "TRADING", "contractSize": 100},
    {"symbol": "BTCUSD_260626", "contractType": "CURRENT_QUARTER DELIVERING", "contractSize": 100}
    | {"contractStatus": "DELIVERING", "deliveryDate": 1782460800000},
]
_STEPS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.1", "tickSize": "0.1"},
    {"filterType": "LOT_SIZE", "minQty": "1", "stepSize": "1"},
]
_COMMON = {"baseAsset": "BTC", "quoteAsset": "USD", "marginAsset": "BTC", "filters": _STEPS}
_CHANNELS = ("trade", "aggTrade", "depth", "bookTicker", "markPrice", "forceOrder")
_STREAMS = ("trade", "aggTrade", "depth@100ms", "bookTicker", "markPrice@1s", "forceOrder")

DELIVERY = replace(
    FUTURES,
    messages=[*MESSAGES, *OWN],
    limits=Limits(streams=200, interval=0.1, lifetime=86400.0),
    symbols=lambda number: f"S{number}USD_PERP",
    spelled={" btcusd_Perp ": "BTCUSD_PERP"},
    recorded=["BTCUSD_PERP", "BTCUSD_260327"],
    refused=["BTCUSDT", "BTCUSDT_260327", "BTC-251226-100000-C"],
    chains=CHAINS,
    connects=[  # one route serves all channels
        Connects(
            [(channel, "BTCUSD_PERP") for channel in _CHANNELS],
            [subscribing(*(f"btcusd_perp@{stream}" for stream in _STREAMS))],
            connects="wss://dstream.binance.com/stream",
        )
    ],
    urls={"ws://127.0.0.1:9000/ws": ["ws://127.0.0.1:9000/stream"]},
    snapshots=[
        snapshot(
            "BTCUSD_PERP",
            _BODY,
            "depth",
            BookUpdate(
                *("BTCUSD_PERP", 1790373521101000000, True, [(83778.8, 5078.0), (83778.7, 1200.0)]),
                *([(83778.9, 956.0)], 11660051107935, 11660051107935),
            ),
            ids=11660051107935,
        )
    ],
    snapshot_asked={"BTCUSD_PERP": ("/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000", 20)},
    backfill_asked=[
        (("trade", "BTCUSD_PERP", 7, 9, 1, 2), ("/dapi/v1/trades?symbol=BTCUSD_PERP&limit=1000", 5)),
        (
            ("aggTrade", "BTCUSD_PERP", 7, 9, 1, 2),
            ("/dapi/v1/aggTrades?symbol=BTCUSD_PERP&fromId=7&limit=3", 20),
        ),
    ],
    lists=[
        Listed(
            json.dumps({"symbols": [each | _COMMON for each in _LISTED]}).encode(),
            (
                Instrument("BTCUSD_PERP", "BTC", "USD", "perpetual", tick=0.1, lot=1.0, contract_size=100.0),
                Instrument(
                    *("BTCUSD_260626", "BTC", "USD", "future", 0.1, 1.0, 100.0, 1782460800000000000, False)
                ),
            ),
        )
    ],
    lists_asked=[("/dapi/v1/exchangeInfo", 1)],
)
