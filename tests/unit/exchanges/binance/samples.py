"""Binance spot and BINANCE.US: messages of 2019 to 2026; those of futures lie beside."""

from __future__ import annotations

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
    notice,
    reply,
    snapshot,
    unknown,
    unreadable,
)
from unit.exchanges.binance.delivery_samples import DELIVERY
from unit.exchanges.binance.futures_samples import FUTURES
from unit.exchanges.binance.shapes import ENTRY, bare, listed, quoted, subscribing

from daedalus.exchanges.binance.exchange import BINANCE
from daedalus.tables.rows import AggTrade, BookUpdate, Instrument, Quote, Trade

DEPTH = (
    b'{"stream":"nknusdt@depth@100ms","data":{"e":"depthUpdate","E":1633998512568,"s":"NKNUSDT","U":499869753,'
    b'"u":499869754,"b":[["0.35170000","4265.00000000"]],"a":[["0.35290000","10968.00000000"]]}}'
)
BOOK_TICKER = (
    b'{"stream":"nknusdt@bookTicker","data":{"u":499869768,"s":"NKNUSDT","b":"0.35210000","B":"672.00000000",'
    b'"a":"0.35260000","A":"3199.00000000"}}'
)
AGG_TRADE = (
    b'{"stream":"nknusdt@aggTrade","data":{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,'
    b'"p":"0.35280000","q":"58.00000000","f":19862789,"l":19862790,"T":1633998523962,"m":false,"M":true}}'
)
TRADE = (
    b'{"stream":"bnbbtc@trade","data":{"e":"trade","E":1567296001038,"s":"BNBBTC","t":60276726,"p":"0.00219650",'
    b'"q":"6.48000000","b":255533165,"a":255532831,"T":1567296001034,"m":true,"M":true}}'
)
SNAPSHOT = b'{"lastUpdateId":499869752,"bids":[["0.35210000","672.00000000"]],"asks":[["0.35260000","3199"]]}'
TRADES = (
    b'[{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1499865549590,'
    b'"isBuyerMaker":true,"isBestMatch":true},{"id":28458,"price":"4.00000200","qty":"3.00000000",'
    b'"quoteQty":"12.000006","time":1499865549591,"isBuyerMaker":false,"isBestMatch":true}]'
)
AGG_TRADES = (
    b'[{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27782,"T":1498793709153,"m":true,"M":true},'
    b'{"a":26131,"p":"0.01633103","q":"1.5","f":27784,"l":27784,"T":1498793709154,"m":false,"M":true}]'
)
INSTRUMENTS = (
    b'{"timezone":"UTC","symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH",'
    b'"quoteAsset":"BTC","filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00001000",'
    b'"tickSize":"0.00001000"},{"filterType":"LOT_SIZE","minQty":"0.00010000","stepSize":"0.00010000"},'
    b'{"filterType":"MARKET_LOT_SIZE","stepSize":"0.00000000"},{"filterType":"MAX_NUM_ORDERS"}]},'
    b'{"symbol":"LRCBTC","status":"BREAK","baseAsset":"LRC","quoteAsset":"BTC","filters":[]}]}'
)

_TRADED = TRADE.replace(b"1567296001038", b"1567296001038123").replace(b"1567296001034", b"1567296001034007")
_BOOK = BookUpdate(
    "NKNUSDT", 1633998512568000000, False, [(0.3517, 4265.0)], [(0.3529, 10968.0)], 499869753, 499869754
)
_MARK = b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":5,"s":"BTCUSDT","p":"1"}}'


MARKET = [
    data(DEPTH, "depth", _BOOK, ids=(499869753, 499869754)),
    data(
        BOOK_TICKER,
        "bookTicker",
        Quote("NKNUSDT", None, 0.3521, 672.0, 0.3526, 3199.0, 499869768),
        ids=499869768,
    ),
    data(
        AGG_TRADE,
        "aggTrade",
        AggTrade("NKNUSDT", 1633998523962000000, "15683430", "buy", 0.3528, 58.0, 19862789, 19862790),
        ids=15683430,
        at=1633998523963000000,
    ),
    data(
        TRADE,
        "trade",
        Trade("BNBBTC", 1567296001034000000, "60276726", "sell", 0.0021965, 6.48),
        ids=60276726,
        at=1567296001038000000,
    ),
]

MESSAGES = [
    *MARKET,
    *(replace(each, payload=bare(each.payload)) for each in MARKET),
    data(  # times in microseconds
        _TRADED,
        "trade",
        Trade("BNBBTC", 1567296001034007000, "60276726", "sell", 0.0021965, 6.48),
        ids=60276726,
        at=1567296001038123000,
    ),
    *(  # all speeds of the book are one channel
        data(DEPTH.replace(b"depth@100ms", stream), "depth", _BOOK, ids=(499869753, 499869754))
        for stream in (b"depth", b"depth@1000ms", b"depth@0ms")
    ),
    data(  # an update that names the one before
        DEPTH.replace(b'"u":499869754', b'"u":499869754,"pu":499869700'),
        "depth",
        BookUpdate(
            *("NKNUSDT", 1633998512568000000, False, [(0.3517, 4265.0)], [(0.3529, 10968.0)]),
            *(499869753, 499869754, 499869700),
        ),
        ids=(499869753, 499869754, 499869700),
    ),
    *(
        unreadable(
            TRADE.replace(b'"0.00219650"', bad), "trade", "BNBBTC", ids=60276726, at=1567296001038000000
        )
        for bad in (b'"nan"', b'"inf"', b'"-1"', b'""', b"null")
    ),
    reply(b'{"result":null,"id":7}', request=7),
    reply(b'{"result":["btcusdt@trade"],"id":3}', request=3),
    reply(b'{"code":2,"msg":"Invalid request","id":4}', request=4, error="Invalid request (code 2)"),
    reply(b'{"error":{"code":3,"msg":"Invalid JSON"},"id":5}', request=5, error="Invalid JSON (code 3)"),
    reply(b'{"code":3,"msg":"Invalid JSON","id":"a"}', error="Invalid JSON (code 3)"),
    notice(b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'),
    notice(b'{"e":"serverShutdown","E":1770123456789}'),
    unknown(b'{"stream":"nknusdt@kline_1m","data":{"e":"kline","s":"NKNUSDT"}}'),
    unknown(b'{"stream":"nknusdt@depth20@100ms","data":{"lastUpdateId":5}}'),
    unknown(b'{"e":"kline","E":1,"s":"NKNUSDT"}'),
    unknown(b'{"stream":7}'),
    unknown(SNAPSHOT),
    unknown(_MARK),  # of futures
    unknown(bare(_MARK)),
    malformed(b'{"stream":"btcusdt@trade","data":{}}'),
    malformed(b'{"stream":"btcusdt@trade"}'),
    malformed(b'{"stream":"btcusdt@trade","data":{"t":"5"}}'),
    malformed(b'{"stream":"btcusdt@trade","data":{"t":1%s}}' % (b"0" * 5000)),
    malformed(b'{"stream":"btcusdt@depth","data":{"U":9,"u":8}}'),
    malformed(b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000),
    malformed(b'{"data":{"t":null},"stream":"btcusdt@trade"}'),
]


def linked(number: int) -> bytes:
    return DEPTH.replace(b"499869753", b"%d" % number).replace(b"499869754", b"%d" % (number + 4))


CHAINS = [
    Chain([TRADE.replace(b"60276726", b"%d" % number) for number in (5, 6, 7, 8)], 2, (6, 8, 1)),
    Chain([AGG_TRADE.replace(b"15683430", b"%d" % number) for number in (5, 6, 7)], 1, (5, 7, 1)),
    Chain([linked(number) for number in (10, 15, 20, 25)], 1, (14, 20, 5)),
]

LIMITS = Limits(streams=1024, interval=0.2, lifetime=86400.0, spread=[(["depth"], 2500, [1024, 1024, 452])])


_FILLS = (
    Trade("BNBBTC", 1499865549590000000, "28457", "sell", 4.000001, 12.0),
    Trade("BNBBTC", 1499865549591000000, "28458", "buy", 4.000002, 3.0),
)
_SUMS = (
    AggTrade("BNBBTC", 1498793709153000000, "26129", "sell", 0.01633102, 4.70443515, 27781, 27782),
    AggTrade("BNBBTC", 1498793709154000000, "26131", "buy", 0.01633103, 1.5, 27784, 27784),
)
_HERE = "ws://127.0.0.1:9000"
_HISTORY = "/api/v3/historicalTrades?symbol=BNBBTC&fromId=7"

SPOT = Samples(
    messages=MESSAGES,
    limits=LIMITS,
    symbols=lambda number: f"S{number}USDT",
    spelled={" btcUsdt ": "BTCUSDT"},
    recorded=["BTCUSDT", "1000SATSUSDT", "币安人生USDT"],
    refused=["BTC-251226-100000-C", "BTCUSD_PERP", "BTCUSDT_260327"],
    chains=CHAINS,
    connects=[
        Connects(
            [("depth", "BTCUSDT"), ("trade", "BTCUSDT")],
            [subscribing("btcusdt@depth@100ms", "btcusdt@trade")],
        )
    ],
    urls={
        **{f"{_HERE}{path}": [f"{_HERE}/stream"] for path in ("", "/", "/ws", "/stream/")},
        BINANCE.websocket_url: ["wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND"],
    },
    snapshots=[
        snapshot(
            "NKNUSDT",
            SNAPSHOT,
            "depth",
            BookUpdate("NKNUSDT", None, True, [(0.3521, 672.0)], [(0.3526, 3199.0)], 499869752, 499869752),
            ids=499869752,
        ),
        snapshot(  # an empty new book
            "A",
            b'{"lastUpdateId":-1,"bids":[],"asks":[]}',
            "depth",
            BookUpdate("A", None, True, [], [], -1, -1),
            ids=-1,
        ),
    ],
    snapshots_refused=[("NKNUSDT", b'{"code":-1121,"msg":"Invalid symbol."}')],
    snapshot_asked={"BTCUSDT": ("/api/v3/depth?symbol=BTCUSDT&limit=5000", 250)},
    backfills=[
        backfill("trade", "BNBBTC", TRADES, *_FILLS, ids=(28457, 28458)),
        backfill("aggTrade", "BNBBTC", AGG_TRADES, *_SUMS, ids=26129, more=[26131]),
        backfill("trade", "BNBBTC", b"[]"),
    ],
    backfills_refused=[
        ("trade", "BNBBTC", b'{"code":-1121,"msg":"Invalid symbol."}'),
        ("trade", "BNBBTC", b""),
        ("trade", "BNBBTC", b'[{"id":"x"}]'),
        ("depth", "BNBBTC", b"[]"),
    ],
    backfill_asked=[
        (("trade", "BNBBTC", 7, 7, 1, 2), (f"{_HISTORY}&limit=1", 25)),
        (("trade", "BNBBTC", 7, 5000, 1, 2), (f"{_HISTORY}&limit=1000", 25)),
        (("aggTrade", "BNBBTC", 10, 19, 1, 2), ("/api/v3/aggTrades?symbol=BNBBTC&fromId=10&limit=10", 4)),
        (("trade", "BNBBTC", None, None, 1, 2), None),
    ],
    lists=[
        Listed(
            INSTRUMENTS,
            (
                Instrument("ETHBTC", "ETH", "BTC", "spot", tick=0.00001, lot=0.0001),
                Instrument("LRCBTC", "LRC", "BTC", "spot", active=False),
            ),
        )
    ],
    lists_asked=[("/api/v3/exchangeInfo?showPermissionSets=false", 20)],
    listing=Listing(listed, ENTRY, "BTCUSDT"),
    quote=quoted,
)

US = replace(
    SPOT,
    messages=[
        *MESSAGES,
        data(
            b'{"stream":"btcusd@depth@100ms","data":{"e":"depthUpdate","E":1633998274568,"s":"BTCUSD","U":5,'
            b'"u":6,"b":[["57000.01","0.5"]],"a":[]}}',
            "depth",
            BookUpdate("BTCUSD", 1633998274568000000, False, [(57000.01, 0.5)], [], 5, 6),
            ids=(5, 6),
        ),
    ],
    recorded=["BTCUSD"],
    refused=["BTC-251226-100000-P", "BTCUSD_PERP"],
    urls={
        "wss://stream.binance.us:9443": ["wss://stream.binance.us:9443/stream"],
        _HERE: [f"{_HERE}/stream"],
    },
    snapshot_asked={"BTCUSD": ("/api/v3/depth?symbol=BTCUSD&limit=5000", 50)},
    # by id only where no key is needed
    backfill_asked=[
        (("trade", "BTCUSD", 7, 9, 1, 2), ("/api/v3/trades?symbol=BTCUSD&limit=1000", 1)),
        (("aggTrade", "BTCUSD", 7, 9, 1, 2), ("/api/v3/aggTrades?symbol=BTCUSD&fromId=7&limit=3", 1)),
    ],
    lists_asked=[("/api/v3/exchangeInfo", 10)],
)

SAMPLES = {"binance": SPOT, "binance_us": US, "binance_futures": FUTURES, "binance_delivery": DELIVERY}
