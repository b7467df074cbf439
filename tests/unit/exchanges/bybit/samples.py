"""Bybit, linear and spot: messages of 2022 to 2026, most of them as they stand in the documentation."""

from __future__ import annotations

from support.exchange_samples import (
    Chain,
    Connects,
    Limits,
    Listed,
    Listing,
    Samples,
    backfill,
    data,
    heartbeat,
    malformed,
    reply,
    unknown,
    unreadable,
)

from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Trade

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
FILLS = (
    b'{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"execId":"2290000000587387109",'
    b'"symbol":"BTCUSDT","price":"16618.49","size":"0.00012","side":"Buy","time":"1672052955758",'
    b'"isBlockTrade":false},{"execId":"2290000000587387108","symbol":"BTCUSDT","price":"16618.5",'
    b'"size":"2","side":"Sell","time":"1672052955700","isBlockTrade":false}]},"retExtInfo":{},'
    b'"time":1672053054358}'
)
INSTRUMENTS = (
    b'{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[{"symbol":"BTCUSDT","symbolId":5,'
    b'"contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT",'
    b'"launchTime":"1585526400000","deliveryTime":"0","priceFilter":{"minPrice":"0.10","tickSize":"0.10"},'
    b'"lotSizeFilter":{"qtyStep":"0.001","minNotionalValue":"5"},"preListingInfo":null},'
    b'{"symbol":"BTC-27DEC24","contractType":"LinearFutures","status":"PreLaunch","baseCoin":"BTC",'
    b'"quoteCoin":"USDC","deliveryTime":"1735286400000","priceFilter":{"tickSize":"0.5"},'
    b'"lotSizeFilter":{"qtyStep":"0.01"}}],"nextPageCursor":"first%3DBTC%26last%3DBTC"},"time":1}'
)
PAIRS = (
    b'{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbolId":9,"symbol":"BTCUSDT",'
    b'"baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","marginTrading":"utaOnly",'
    b'"lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001"},'
    b'"priceFilter":{"tickSize":"0.1"}}]},"retExtInfo":{},"time":1760027412300}'
)
OPTIONS = (
    b'{"retCode":0,"result":{"category":"option","list":[{"symbol":"BTC-28AUG26-70000-C","status":"Trading",'
    b'"baseCoin":"BTC","quoteCoin":"USD","optionsType":"Call","deliveryTime":"1788000000000"}]}}'
)

_BTC, _SOLD = "BTCUSDT", 1735689653898000000
_TOP_AT, _TICKED, _FORCED = 1682092584425000000, 1673272861686000000, 1739502302929000000
_TOP = Quote(_BTC, _TOP_AT, 27991.7, 0.777, 27994.4, 0.058, 1188472)
_CHANGE = b'{"topic":"tickers.A","type":"delta","data":{"symbol":"A","markPrice":"0"},"cs":2,"ts":5}'
_OPTION = b'{"p":"985","v":"0.01","i":"1","T":1786538700833,"s":"BTC-28AUG26-70000-C","S":"Sell"}'

COMMON = [
    data(
        TRADE,
        "publicTrade",
        Trade(_BTC, 1672304486865000000, "20f43950-d8dd-5b31-9112-a178eb6023af", "buy", 16578.5, 0.001),
        at=1672304486868000000,
    ),
    data(
        SPOT_TRADES,
        "publicTrade",
        Trade(_BTC, _SOLD, "2290000000587387108", "buy", 93611.04, 0.000725),
        Trade(_BTC, _SOLD, "2290000000587387109", "sell", 93611.77, 0.001378),
        at=1735689653900000000,
    ),
    data(
        SNAPSHOT,
        "orderbook",
        BookUpdate(
            *(_BTC, 1672304484978000000, True, [(16493.5, 0.006), (16493.0, 0.1)]),
            *([(16611.0, 0.029), (16612.0, 0.213)], 18521288, 18521288),
        ),
        ids=18521288,
        snapshot=True,
    ),
    data(
        DELTA,
        "orderbook",
        BookUpdate(
            *(_BTC, 1687940967466000000, False, [(30247.2, 30.028), (30245.4, 0.0)]),
            *([(30248.7, 0.0)], 18521289, 18521289),
        ),
        ids=18521289,
    ),
    data(TOP, "orderbook1", _TOP, ids=1188472),
    data(TOP_DELTA, "orderbook1", _TOP, ids=1188472),
    data(  # a side that was not sent
        TOP.replace(b'[["27991.70","0.777"]]', b"[]"),
        "orderbook1",
        Quote(_BTC, _TOP_AT, None, None, 27994.4, 0.058, 1188472),
        ids=1188472,
    ),
    # trades of options share the topic of their coin and are no trades of it
    unreadable(
        b'{"topic":"publicTrade.BTC","ts":1786538700834,"data":[%s],"type":"snapshot"}' % _OPTION,
        "publicTrade",
        "BTC",
        at=1786538700834000000,
    ),
    data(b'{"ts":1,"data":[],"topic":"publicTrade.A"}', "publicTrade", symbol="A", at=1_000_000),
    reply(ACK, request=3),
    reply(ACK.replace(b'"req_id":"3"', b'"req_id":""')),
    reply(
        REFUSAL,
        ("publicTrade", "NOTASYMBOL"),
        request=2,
        error="error:handler not found,topic:publicTrade.NOTASYMBOL",
    ),
    reply(b'{"success":false,"op":"subscribe","req_id":null}', error="refused without a reason"),
    heartbeat(PONG),
    heartbeat(b'{"req_id":"2","op":"pong","args":["1757405570352"],"conn_id":"d266"}'),
    unknown(b'{"topic":"kline.1.BTCUSDT","type":"snapshot","ts":1,"data":[]}'),
    unknown(b'{"topic":"orderbook.full.MNTUSDT","type":"delta","ts":1,"data":{"u":1}}'),
    unknown(b'{"topic":"orderbook1.BTCUSDT","type":"delta","ts":1,"data":{"u":1}}'),
    unknown(b'{"topic":"publicTrade.","ts":1,"data":[]}'),
    unknown(b'{"topic":5}'),
    *(  # what follows the symbol of a topic is no part of it
        unknown(b'{"topic":"%s","type":"snapshot","ts":1,"data":[]}' % topic)
        for topic in (b"publicTrade.BTCUSDT.x", b"orderbook.200.BTCUSDT.x", b"tickers.BTCUSDT.x")
    ),
    malformed(b'{"topic":"publicTrade.A","ts":1}'),
    malformed(b'{"topic":"orderbook.200.A","type":"delta","ts":1,"data":{"u":"x"}}'),
    malformed(b'{"topic":"orderbook.200.A","type":"weird","ts":1,"data":{"u":1}}'),
    malformed(b'{"topic":"orderbook.200.A","type":"delta","ts":1,"data":{}}'),
    malformed(b'{"topic":"orderbook.200.A","type":"delta","ts":1,"data":{"u":1}'),
    malformed(b'{"topic":"publicTrade.\xff","ts":1,"data":[]}'),
]

LINEAR = [
    *COMMON,
    data(
        TICKER,
        "tickers",
        DerivativeTicker(
            *(_BTC, _TICKED),
            funding_timestamp=1673280000000000000,
            funding_rate=-0.000212,
            open_interest=68744.761,
            last_price=17216.0,
            index_price=17227.36,
            mark_price=17217.33,
        ),
    ),
    data(_CHANGE, "tickers", DerivativeTicker("A", 5_000_000, mark_price=0.0)),
    data(  # nothing that a table has
        _CHANGE.replace(b'"markPrice":"0"', b'"bid1Price":"28560.00","fundingRate":""'),
        "tickers",
        symbol="A",
        at=5_000_000,
    ),
    *(  # the side is that of the position; the order that ends it is on the other
        data(
            LIQUIDATION.replace(b'"S":"Sell"', b'"S":"%s"' % position),
            "allLiquidation",
            Liquidation("ROSEUSDT", _FORCED, None, side, 0.04499, 20000.0),
            at=1739502303204000000,
        )
        for position, side in ((b"Sell", "buy"), (b"Buy", "sell"))
    ),
    malformed(b'{"topic":"tickers.A","data":' + b"[" * 100_000),
]


def book(number: int, *, whole: bool = False, ms: int = 1_700_000_000_000) -> bytes:
    """A message of a book of this number."""
    message = SNAPSHOT.replace(b"1672304484978", b"%d" % ms).replace(b"18521288", b"%d" % number)
    return message if whole else message.replace(b"snapshot", b"delta")


def quoted(bid: list[str], ask: list[str]) -> object:
    sides = {"s": "ABUSDT", "b": [bid], "a": [ask], "u": 1}
    return {"topic": "orderbook.1.ABUSDT", "type": "snapshot", "ts": 5, "data": sides}


def subscribing(*topics: str) -> object:
    return {"req_id": "1", "op": "subscribe", "args": list(topics)}


def samples(category: str, most_trades: int, **own: object) -> Samples:
    """What both markets share."""
    path = f"/v5/market/recent-trade?category={category}&symbol=BTCUSDT&limit={most_trades}"
    return Samples(
        symbols=lambda number: f"SYMBOL{number}USDT",
        spelled={" btcusdt ": "BTCUSDT"},
        chains=[Chain([book(70, whole=True), book(71), book(72), book(73), book(74)], 3, (72, 74, 1))],
        urls={
            "ws://127.0.0.1:8123/v5/public/elsewhere": [f"ws://127.0.0.1:8123/v5/public/{category}"],
            f"wss://stream.bybit.com/v5/public/{category}": [f"wss://stream.bybit.com/v5/public/{category}"],
        },
        resubscribes={
            (channel, "BTCUSDT"): [
                {"op": "unsubscribe", "args": [f"{topic}.BTCUSDT"]},
                {"op": "subscribe", "args": [f"{topic}.BTCUSDT"]},
            ]
            for channel, topic in (("orderbook", "orderbook.200"), ("orderbook1", "orderbook.1"))
        },
        backfills=[
            backfill(
                "publicTrade",
                "BTCUSDT",
                FILLS,
                Trade("BTCUSDT", 1672052955700000000, "2290000000587387108", "sell", 16618.5, 2.0),
                Trade("BTCUSDT", 1672052955758000000, "2290000000587387109", "buy", 16618.49, 0.00012),
                complete_from=1672052955700000000,
            ),
            backfill(
                "publicTrade",
                "A",
                b'{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[]},"time":5}',
            ),
        ],
        backfills_refused=[
            ("publicTrade", "A", body)
            for body in (
                b"",
                b"{}",
                b'{"retCode":10001,"retMsg":"params error","result":{}}',
                b'{"retCode":0,"result":{"list":[{"execId":5}]}}',
            )
        ],
        backfill_asked=[(("publicTrade", "BTCUSDT", None, None, 1, 2), (path, 1))],
        listing=Listing(
            lambda entries: {"retCode": 0, "result": {"list": entries}},
            {"symbol": "BTCUSDT", "status": "Trading"},
            "BTCUSDT",
        ),
        quote=quoted,
        **own,  # type: ignore[arg-type]
    )


def limits(spread: list[int], *channels: str) -> Limits:
    return Limits(
        request_streams=10,
        connection_bytes=21_000,
        interval=0.1,
        silence=60.0,
        keepalive={"req_id": "ping", "op": "ping"},
        keepalive_below=21,
        spread=[(channels, 330, spread)],
    )


SAMPLES = {
    "bybit": samples(
        "linear",
        1000,
        messages=LINEAR,
        limits=limits(
            [250] * 6 + [150], "publicTrade", "orderbook", "orderbook1", "tickers", "allLiquidation"
        ),
        recorded=["BTCUSDT", "BTCPERP", "BTC-27DEC26", "BTCUSDT-27MAR26", "1000PEPEUSDT"],
        refused=["BTC-28AUG26-70000-C", "BTC-28AUG26-70000-P-USDT", "BTC", "BTCUSD", "ETHUSDH26"],
        connects=[
            Connects(
                [
                    (channel, "BTCUSDT")
                    for channel in ("publicTrade", "orderbook", "orderbook1", "tickers", "allLiquidation")
                ],
                [
                    subscribing(
                        *("publicTrade.BTCUSDT", "orderbook.200.BTCUSDT", "orderbook.1.BTCUSDT"),
                        *("tickers.BTCUSDT", "allLiquidation.BTCUSDT"),
                    )
                ],
                connects="wss://stream.bybit.com/v5/public/linear",
            )
        ],
        lists=[
            Listed(
                INSTRUMENTS,
                (
                    Instrument("BTCUSDT", "BTC", "USDT", "perpetual", tick=0.1, lot=0.001),
                    Instrument(
                        *("BTC-27DEC24", "BTC", "USDC", "future", 0.5, 0.01),
                        expiry=1735286400000000000,
                        active=False,
                    ),
                ),
            ),
            Listed(OPTIONS, ()),  # options are no pairs
        ],
        lists_asked=[
            ("/v5/market/instruments-info?category=linear&limit=1000", 1),
            ("/v5/market/instruments-info?category=linear&limit=1000&status=PreLaunch", 1),
        ],
    ),
    "bybit_spot": samples(
        "spot",
        60,
        # what only derivatives have is unknown to spot
        messages=[*COMMON, unknown(TICKER), unknown(LIQUIDATION)],
        limits=limits([150] * 6 + [90], "publicTrade", "orderbook", "orderbook1"),
        recorded=["BTCUSDT", "USDTBRL", "AEUR"],
        refused=["BTC-27DEC26", "BTC-28AUG26-70000-C"],
        lists=[Listed(PAIRS, (Instrument("BTCUSDT", "BTC", "USDT", "spot", tick=0.1, lot=0.000001),))],
        lists_asked=[("/v5/market/instruments-info?category=spot", 1)],
    ),
}
