"""Binance USD-M futures: what differs from spot. The messages came from 2020 to 2026."""

from __future__ import annotations

import json
from dataclasses import replace

from support.exchange_samples import (
    Chain,
    Connects,
    Limits,
    Listed,
    Listing,
    Samples,
    backfill,
    data,
    malformed,
    reply,
    snapshot,
    unknown,
)
from unit.exchanges.binance.shapes import ENTRY, bare, listed, quoted, subscribing

from daedalus.tables.rows import AggTrade, BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Trade

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

_FORCED = Liquidation("BTCUSDT", 1584059031421000000, None, "buy", 4793.91, 0.014, 4706.04)
_FORCED_AT = 1584059031426000000
_MARKED = 1787492323000000000

MARKET = [
    data(
        DEPTH,
        "depth",
        BookUpdate(
            *("AKROUSDT", 1626992741077000000, False, [], [(0.01737, 437848.0)]),
            *(600859599831, 600859599831, 600859598737),
        ),
        ids=(600859599831, 600859599831, 600859598737),
    ),
    data(
        TRADE,
        "trade",
        Trade("BTCUSDT", 1723161256321000000, "5266583935", "buy", 61800.3, 0.006),
        ids=5266583935,
        at=1723161256322000000,
    ),
    data(
        AGG_TRADE,
        "aggTrade",
        AggTrade("BTCUSDT", 1787492322555000000, "3422444173", "buy", 77490.0, 0.003, 8006170903, 8006170903),
        ids=3422444173,
        at=1787492322656000000,
    ),
    data(
        QUOTE,
        "bookTicker",
        Quote("SUSHIUSDT", 1626992741017000000, 7.611, 2.0, 7.612, 297.0, 600859600576),
        ids=600859600576,
    ),
    data(
        MARK,
        "markPrice",
        DerivativeTicker(
            "BTCUSDT",
            _MARKED,
            funding_timestamp=1787500800000000000,
            funding_rate=0.0001,
            index_price=77485.96456522,
            mark_price=77488.24528925,
        ),
    ),
    data(FORCED, "forceOrder", _FORCED, at=_FORCED_AT),
]

MESSAGES = [
    *MARKET,
    *(replace(each, payload=bare(each.payload)) for each in MARKET),
    # what did not trade in the book counts as seen and has no row
    data(INSURANCE, "trade", symbol="ETHUSDT", ids=73701056, at=1596034530241000000),
    data(SPENT, "trade", symbol="BTCUSDT", ids=7950493454, at=1785780046072000000),
    data(
        TRADE.replace(b'"0.006"', b'"0.000"'),
        "trade",
        symbol="BTCUSDT",
        ids=5266583935,
        at=1723161256322000000,
    ),
    data(  # an order without a price of its own has the one that was paid
        FORCED.replace(b'"p":"4793.91"', b'"p":"0"'),
        "forceOrder",
        Liquidation("BTCUSDT", 1584059031421000000, None, "buy", 4706.04, 0.014, 4706.04),
        at=_FORCED_AT,
    ),
    data(  # nothing was filled
        FORCED.replace(b'"z":"0.014"', b'"z":"0.000"').replace(b"FILLED", b"NEW"),
        "forceOrder",
        symbol="BTCUSDT",
        at=_FORCED_AT,
    ),
    data(  # a contract without funding
        MARK.replace(b"1787500800000", b"0").replace(b'"0.00010000"', b'"0.00000000"'),
        "markPrice",
        DerivativeTicker("BTCUSDT", _MARKED, index_price=77485.96456522, mark_price=77488.24528925),
    ),
    reply(b'{"result":null,"id":1}', request=1),
    reply(b'{"error":{"code":3,"msg":"Invalid JSON"},"id":5}', request=5, error="Invalid JSON (code 3)"),
    unknown(b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","s":"BTCUSDT"}}'),
    unknown(b'{"e":"forceOrder","E":5,"o":{}}'),
    unknown(b'{"e":"24hrTicker","E":5,"s":"BTCUSDT","o":"77134.50"}'),
    malformed(b'{"stream":"btcusdt@markPrice@1s"}'),
    malformed(b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":"now"}}'),
    malformed(b'{"e":"forceOrder","E":5}'),
]


def link(previous: int, first: int, last: int) -> bytes:
    """An update of a book that names the last id of the one before."""
    update = {"e": "depthUpdate", "E": 1, "s": "A", "U": first, "u": last, "pu": previous, "b": [], "a": []}
    return json.dumps({"stream": "a@depth@100ms", "data": update}).encode()


CHAINS = [
    Chain(
        [link(100, 103, 110), link(110, 118, 119), link(119, 140, 152), link(152, 153, 160)],
        1,
        (110, 140, None),
    ),
    Chain([TRADE.replace(b"5266583935", b"%d" % number) for number in (5, 6, 7)], 1, (5, 7, 1)),
    Chain([AGG_TRADE.replace(b"3422444173", b"%d" % number) for number in (5, 6, 7)], 1, (5, 7, 1)),
]

_BODY = (
    b'{"lastUpdateId":600859605926,"E":1626992741264,"T":1626992741261,"bids":[["7.6110","6"]],'
    b'"asks":[["7.6120","3"]]}'
)
TRADES = (
    b'[{"id":101,"price":"61800.30","qty":"0.006","quoteQty":"1","time":1,"isBuyerMaker":true,"isRPITrade":false},'
    b'{"id":102,"price":"61800.30","qty":"0.006","quoteQty":"1","time":1,"isBuyerMaker":true,"isRPITrade":false},'
    b'{"id":104,"price":"61800.30","qty":"0.006","quoteQty":"1","time":1,"isBuyerMaker":true,"isRPITrade":false},'
    b'{"id":105,"price":"61800.30","qty":"0.006","quoteQty":"1","time":1,"isBuyerMaker":true,"isRPITrade":false}]'
)
_STEPS = [
    {"filterType": "PRICE_FILTER", "maxPrice": "300", "minPrice": "0.0001", "tickSize": "0.0001"},
    {"filterType": "LOT_SIZE", "maxQty": "10000000", "minQty": "1", "stepSize": "1"},
]
_COMMON = {"baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT", "filters": _STEPS}
_LISTED = [
    {"symbol": "BTCUSDT", "contractType": "PERPETUAL", "deliveryDate": 4133404800000},
    {"symbol": "TSLAUSDT", "contractType": "TRADIFI_PERPETUAL", "deliveryDate": 4133404800000},
    {"symbol": "BTCUSDT_261225", "contractType": "CURRENT_QUARTER", "deliveryDate": 1798185600000},
    {"symbol": "OLDUSDT", "contractType": "", "status": "SETTLING"},
]
_HERE = "ws://127.0.0.1:9000"

FUTURES = Samples(
    messages=MESSAGES,
    limits=Limits(
        streams=200,
        interval=0.1,
        lifetime=86400.0,
        spread=[(["trade", "aggTrade", "depth", "markPrice"], 300, [200, 200, 200, 200, 200, 200])],
    ),
    symbols=lambda number: f"S{number}USDT",
    spelled={" btcUsdt ": "BTCUSDT"},
    recorded=["BTCUSDT", "BTCUSDT_260327", "ETHBTC", "币安人生USDT"],
    refused=["BTC-251226-100000-C", "btcusd_perp", "ETHUSD_260327"],
    lossy=["forceOrder"],
    chains=CHAINS,
    connects=[
        Connects(
            [(channel, "BTCUSDT") for channel in ("trade", "depth", "bookTicker")],
            [subscribing("btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@bookTicker")],
            connects="wss://fstream.binance.com/public/stream",
        ),
        Connects(
            [(channel, "BTCUSDT") for channel in ("aggTrade", "markPrice", "forceOrder")],
            [subscribing("btcusdt@aggTrade", "btcusdt@markPrice@1s", "btcusdt@forceOrder")],
            connects="wss://fstream.binance.com/market/stream",
        ),
    ],
    urls={
        f"{_HERE}{path}": [f"{_HERE}/public/stream", f"{_HERE}/market/stream"]
        for path in ("", "/", "/ws", "/stream", "/public", "/market/stream", "/public/ws/")
    },
    snapshots=[
        snapshot(
            "SUSHIUSDT",
            _BODY,
            "depth",
            BookUpdate(
                *("SUSHIUSDT", 1626992741264000000, True, [(7.611, 6.0)], [(7.612, 3.0)]),
                *(600859605926, 600859605926),
            ),
            ids=600859605926,
        )
    ],
    snapshots_refused=[("SUSHIUSDT", b'{"code":-1121,"msg":"Invalid symbol."}')],
    snapshot_asked={"SUSHIUSDT": ("/fapi/v1/depth?symbol=SUSHIUSDT&limit=1000", 20)},
    backfills=[
        backfill(
            "trade",
            "BTCUSDT",
            TRADES,
            *(
                Trade("BTCUSDT", 10**6, str(number), "sell", 61800.3, 0.006)
                for number in (101, 102, 104, 105)
            ),
            ids=(101, 102),
            more=[(104, 105)],
        ),
        backfill(
            "aggTrade",
            "BTCUSDT",
            b'[{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27782,"T":1498793709153,"m":true}]',
            AggTrade("BTCUSDT", 1498793709153000000, "26129", "sell", 0.01633102, 4.70443515, 27781, 27782),
            ids=26129,
        ),
        backfill("trade", "BTCUSDT", b"[]"),
    ],
    backfills_refused=[("trade", "BTCUSDT", b'{"code":-1121,"msg":"Invalid symbol."}')],
    # trades without a key are only the newest; aggregates go by id
    backfill_asked=[
        (("trade", "BTCUSDT", 7, 9, 1, 2), ("/fapi/v1/trades?symbol=BTCUSDT&limit=1000", 5)),
        (("aggTrade", "BTCUSDT", 7, 9, 1, 2), ("/fapi/v1/aggTrades?symbol=BTCUSDT&fromId=7&limit=3", 20)),
    ],
    lists=[
        Listed(
            json.dumps({"symbols": [{"status": "TRADING"} | each | _COMMON for each in _LISTED]}).encode(),
            (
                Instrument("BTCUSDT", "BTC", "USDT", "perpetual", tick=0.0001, lot=1.0),
                Instrument("TSLAUSDT", "BTC", "USDT", "perpetual", tick=0.0001, lot=1.0),
                Instrument(
                    *("BTCUSDT_261225", "BTC", "USDT", "future", 0.0001, 1.0), expiry=1798185600000000000
                ),
                Instrument("OLDUSDT", "BTC", "USDT", "perpetual", tick=0.0001, lot=1.0, active=False),
            ),
        )
    ],
    lists_asked=[("/fapi/v1/exchangeInfo", 1)],
    listing=Listing(listed, ENTRY, "BTCUSDT"),
    quote=quoted,
)
