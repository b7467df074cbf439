"""OKX: messages of 2021 to 2026, most of them as they stand in the documentation."""

from __future__ import annotations

import json

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
    notice,
    part,
    reply,
    unknown,
    unreadable,
)

from daedalus.tables.rows import AggTrade, BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Trade

TRADES = (
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474",'
    b'"px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0",'
    b'"seqId":1234}]}'
)
SINGLE = (
    b'{"arg":{"channel":"trades-all","instId":"FITFI-USDT-SWAP"},"data":[{"instId":"FITFI-USDT-SWAP",'
    b'"tradeId":"38380467","px":"0.007173","sz":"44","side":"sell","ts":"1701388800105"}]}'
)
OLD_TRADE = (
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476307",'
    b'"px":"30236","sz":"0.0002","side":"buy","ts":"1652459224818"}]}'
)
SNAPSHOT = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["62571.2",'
    b'"0.72032554","0","6"],["62572.1","0.00022","0","1"]],"bids":[["62571.1","0.5","0","2"]],'
    b'"ts":"1784016942000","checksum":0,"prevSeqId":-1,"seqId":100}]}'
)
UPDATE = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["62571.2",'
    b'"0.60583592","0","6"],["62572.1","0","0","0"]],"bids":[],"ts":"1784016942108","checksum":0,'
    b'"seqId":110,"prevSeqId":100}]}'
)
OLD_UPDATE = (
    b'{"arg":{"channel":"books","instId":"BTC-USD-220527"},"action":"update","data":[{"asks":[["30249.4","0",'
    b'"0","0"]],"bids":[["30182.6","452","0","1"]],"ts":"1652459225464","checksum":-914047754}]}'
)
TOP = (
    b'{"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],'
    b'"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}'
)
FUNDING = (
    b'{"arg":{"channel":"funding-rate","instId":"BTC-USD-SWAP"},"data":[{"formulaType":"noRate",'
    b'"fundingRate":"-0.0001875391284828","fundingTime":"1700726400000","impactValue":"",'
    b'"instId":"BTC-USD-SWAP","instType":"SWAP","interestRate":"","method":"current_period",'
    b'"nextFundingRate":"","nextFundingTime":"1700755200000","settState":"settled","ts":"1700724675402"}]}'
)
MARK = (
    b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",'
    b'"instType":"SWAP","markPx":"83003.8","ts":"1790757203016"}]}'
)
INDEX = (
    b'{"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","idxPx":"83043.9",'
    b'"high24h":"84000","low24h":"81000","open24h":"82000","sodUtc0":"82500","sodUtc8":"82500",'
    b'"ts":"1790757203066"}]}'
)
INTEREST = (
    b'{"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",'
    b'"instType":"SWAP","oi":"2216113.01000000309","oiCcy":"22161.1301000000309",'
    b'"oiUsd":"1939251795.54769270396321","ts":"1743041250440"}]}'
)
LIQUIDATIONS = (
    b'{"arg":{"channel":"liquidation-orders","instType":"FUTURES"},"data":[{"details":[{"bkLoss":"0",'
    b'"bkPx":"0.55205","ccy":"","posSide":"short","side":"buy","sz":"39","ts":"1680173247614"}],'
    b'"instFamily":"XRP-USD","instId":"XRP-USD-230929","instType":"FUTURES","uly":"XRP-USD"},'
    b'{"details":[{"bkLoss":"0","bkPx":"20.5","ccy":"","posSide":"long","side":"sell","sz":"2",'
    b'"ts":"1680173247600"}],"instFamily":"BTC-USD","instId":"BTC-USD-230929","instType":"FUTURES",'
    b'"uly":"BTC-USD"}]}'
)
ACK = b'{"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}'
NOTICE = (
    b'{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. '
    b'Please reconnect.","connId":"a4d3ae55"}'
)
FILLS = (
    b'{"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"sell","sz":"0.5","source":"0","px":"30000.1",'
    b'"tradeId":"242720722","ts":"1654161641568"},{"instId":"BTC-USDT","side":"buy","sz":"0.25","px":"29999",'
    b'"tradeId":"242720721","ts":"1654161641500"},{"instId":"BTC-USDT","side":"buy","sz":"1","px":"29998",'
    b'"tradeId":"242720719","ts":"1654161641400"}]}'
)
INSTRUMENTS = (
    b'{"code":"0","msg":"","data":[{"alias":"","baseCcy":"BTC","ctMult":"","ctVal":"","expTime":"",'
    b'"instId":"BTC-USDT","instType":"SPOT","lotSz":"0.00000001","quoteCcy":"USDT","state":"live",'
    b'"tickSz":"0.1","uly":"","instIdCode":1000000000,"upcChg":[]},'
    b'{"baseCcy":"","quoteCcy":"","ctMult":"1","ctVal":"100","ctValCcy":"USD","expTime":"1648195200000",'
    b'"instId":"BTC-USD-220325","instType":"FUTURES","lotSz":"1","state":"suspend","tickSz":"0.1",'
    b'"uly":"BTC-USD"},{"instId":"ETH-USD_UM-SWAP","instType":"SWAP","state":"preopen","ctVal":"",'
    b'"tickSz":"","lotSz":"","expTime":"","uly":"ETH-USD"},{"instId":"","instType":"SWAP"}]}'
)
REFUSED = b'{"code":"51001","msg":"Instrument ID doesn\'t exist.","data":[]}'


def trades(last: int, count: int) -> bytes:
    """A trade that sums up ``count`` of them."""
    return TRADES.replace(b"130639474", b"%d" % last).replace(b'"count":"3"', b'"count":"%d"' % count)


def change(previous: int, number: int) -> bytes:
    """An update of the book that names the one before."""
    return UPDATE.replace(b'"seqId":110,"prevSeqId":100', b'"seqId":%d,"prevSeqId":%d' % (number, previous))


def quoted(bid: list[str], ask: list[str]) -> object:
    sides = {"bids": [[*bid, "0", "1"]], "asks": [[*ask, "0", "1"]]}
    return {"arg": {"channel": "bbo-tbt", "instId": "A-B"}, "data": [{**sides, "ts": "5", "seqId": 1}]}


def refused(words: str) -> bytes:
    return json.dumps({"id": "4", "event": "error", "code": "60018", "msg": words, "connId": "x"}).encode()


_TWO = json.loads(TRADES)
_TWO["data"].append({**_TWO["data"][0], "tradeId": "130639471", "count": "1"})
_TRADED, _TOLD, _FORCED = 1630048897897000000, 1670324386802000000, 1680173247614000000
_REFUSALS = (
    "Subscribe failed, wrong URL or channel:trades,instId:NOT-USDT doesn't exist. Please use the correct "
    "URL, channel and parameters referring to API document.",
    "Wrong URL or channel:trades,instId:NOT-USDT doesn't exist.",
    "channel:trades,instId:NOT-USDT doesn't exist",
    "channel:trades,instId:NOT-USDT",
)
_LIQUIDATED = {"at": None, "more": [part("BTC-USD-230929")]}
_LIQUIDATION_ROWS = (
    Liquidation("XRP-USD-230929", _FORCED, None, "buy", 0.55205, 39.0),
    Liquidation("BTC-USD-230929", 1680173247600000000, None, "sell", 20.5, 2.0),
)

MESSAGES = [
    data(
        TRADES,
        "trades",
        AggTrade("BTC-USDT", _TRADED, "130639474", "buy", 42219.9, 0.12060306, 130639472, 130639474),
        ids=(130639472, 130639474),
    ),
    data(  # from before there was a count
        OLD_TRADE,
        "trades",
        AggTrade("BTC-USDT", 1652459224818000000, "338476307", "buy", 30236.0, 0.0002, 338476307, 338476307),
        ids=338476307,
    ),
    data(  # several trades, told oldest first
        json.dumps(_TWO).encode(),
        "trades",
        AggTrade("BTC-USDT", _TRADED, "130639471", "buy", 42219.9, 0.12060306, 130639471, 130639471),
        AggTrade("BTC-USDT", _TRADED, "130639474", "buy", 42219.9, 0.12060306, 130639472, 130639474),
        ids=130639471,
        more=[part("BTC-USDT", (130639472, 130639474))],
    ),
    data(
        SINGLE,
        "trades_all",
        Trade("FITFI-USDT-SWAP", 1701388800105000000, "38380467", "sell", 0.007173, 44.0),
        ids=38380467,
    ),
    data(
        SNAPSHOT,
        "books",
        BookUpdate(
            *("BTC-USDT", 1784016942000000000, True),
            *([(62571.1, 0.5)], [(62571.2, 0.72032554), (62572.1, 0.00022)], 100, 100),
        ),
        ids=100,
        snapshot=True,
    ),
    data(
        UPDATE,
        "books",
        BookUpdate(
            *("BTC-USDT", 1784016942108000000, False, [], [(62571.2, 0.60583592), (62572.1, 0.0)]),
            *(110, 110, 100),
        ),
        ids=(110, 110, 100),
    ),
    data(  # from before there were numbers
        OLD_UPDATE,
        "books",
        BookUpdate("BTC-USD-220527", 1652459225464000000, False, [(30182.6, 452.0)], [(30249.4, 0.0)]),
    ),
    data(
        TOP,
        "bbo_tbt",
        Quote("BCH-USDT-SWAP", _TOLD, 111.05, 57745.0, 111.06, 55154.0, 363996337),
        ids=363996337,
    ),
    data(
        TOP.replace(b'[["111.05","57745","0","2"]]', b"[]"),
        "bbo_tbt",
        Quote("BCH-USDT-SWAP", _TOLD, None, None, 111.06, 55154.0, 363996337),
        ids=363996337,
    ),
    data(
        FUNDING,
        "funding_rate",
        DerivativeTicker(
            "BTC-USD-SWAP",
            1700724675402000000,
            funding_timestamp=1700726400000000000,
            funding_rate=-0.0001875391284828,
        ),
    ),
    data(MARK, "mark_price", DerivativeTicker("BTC-USDT-SWAP", 1790757203016000000, mark_price=83003.8)),
    data(INDEX, "index_tickers", DerivativeTicker("BTC-USDT", 1790757203066000000, index_price=83043.9)),
    data(
        INTEREST,
        "open_interest",
        DerivativeTicker("BTC-USDT-SWAP", 1743041250440000000, open_interest=2216113.01000000309),
    ),
    data(LIQUIDATIONS, "liquidation_orders", *_LIQUIDATION_ROWS, **_LIQUIDATED),
    data(
        LIQUIDATIONS.replace(b'{"arg"', b'{"id":"1512","arg"', 1),
        "liquidation_orders",
        *_LIQUIDATION_ROWS,
        **_LIQUIDATED,
    ),
    reply(ACK, ("books", "BTC-USDT")),
    reply(
        b'{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SWAP"},"connId":"a"}',
        ("liquidation_orders", ""),
    ),
    reply(ACK.replace(b'"subscribe"', b'"unsubscribe"')),
    *(reply(refused(words), ("trades", "NOT-USDT"), error=f"{words} (code 60018)") for words in _REFUSALS),
    reply(
        b'{"id":"7","event":"error","code":"60012","msg":"Invalid request: {\\"op\\": \\"subscribe\\"}",'
        b'"connId":"a"}',
        request=7,
        error='Invalid request: {"op": "subscribe"} (code 60012)',
    ),
    reply(b'{"event":"error"}', error="refused without a reason (code None)"),
    heartbeat(b"pong"),
    notice(NOTICE),
    unknown(b'{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{}]}'),
    unknown(b'{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}'),
    unknown(b'{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"a"}'),
    unreadable(
        b'{ "arg": {"instId":"A-B","channel":"trades"}, "data": [{"tradeId":"5"}] }', "trades", "A-B", ids=5
    ),
    unreadable(
        b'{"data":[{"tradeId":"5"}],"arg":{"channel":"trades","instId":"A-B"}}', "trades", "A-B", ids=5
    ),
    malformed(b'{"arg":{"channel":"trades","instId":"A-B"},"data":[]}'),
    malformed(b'{"arg":{"channel":"trades","instId":"A-B"},"data":[{"tradeId":"x"}]}'),
    malformed(b'{"arg":{"channel":"trades","instId":"A-B"},"data":[{"tradeId":"5","count":"0"}]}'),
    malformed(b'{"arg":{"channel":"books","instId":"A-B"},"action":"other","data":[{"seqId":1}]}'),
    unknown(b'{"arg":{"channel":"books","instId":""},"data":[{"seqId":1}]}'),
    malformed(b'{"arg":{"channel":"books","instId":"A-B"}'),
    unknown(b'{"arg":5,"data":[]}'),
    malformed(b"ping"),
    malformed(b'{"arg":{"channel":"books","instId":"A"},"data":' + b"[" * 100_000),
]

_ARGS = [{"channel": "books", "instId": "BTC-USDT"}]
_PATH = "/api/v5/market/history-trades?instId=BTC-USDT&type=1"
_FILLED = [
    (1654161641400000000, "242720719", "buy", 29998.0, 1.0),
    (1654161641500000000, "242720721", "buy", 29999.0, 0.25),
    (1654161641568000000, "242720722", "sell", 30000.1, 0.5),
]
_EXCHANGE = "ws://127.0.0.1:8123/ws/v5"

SAMPLES = {
    "okx": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"S{number}-USDT-SWAP",
        spelled={" btc-usdt-swap ": "BTC-USDT-SWAP"},
        recorded=["BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-261225", "BTC-USD_UM-SWAP"],
        refused=["BTC-USD-261225-92000-C", "btc-usd-261225-92000-p"],
        lossy=["liquidation_orders"],
        chains=[
            Chain([trades(100, 1), trades(103, 3), trades(110, 7), trades(112, 2)], 2, (103, 111, 7)),
            Chain([SINGLE.replace(b"38380467", b"%d" % number) for number in (7, 8, 9)], 1, (7, 9, 1)),
            Chain([SNAPSHOT, change(100, 110), change(110, 117), change(117, 162)], 2, (110, 162, None)),
        ],
        limits=Limits(
            channel_streams={"books": 29},
            connection_bytes=64 * 1024 - 1,
            keepalive="ping",
            keepalive_below=30,
        ),
        connects=[
            Connects(
                [("liquidation_orders", "")],
                [
                    {
                        "id": "1",
                        "op": "subscribe",
                        "args": [
                            {"channel": "liquidation-orders", "instType": "SWAP"},
                            {"channel": "liquidation-orders", "instType": "FUTURES"},
                        ],
                    }
                ],
                connects="wss://ws.okx.com:8443/ws/v5/public",
            ),
            Connects(
                [("books", "A-B")],
                [{"id": "1", "op": "subscribe", "args": [{"channel": "books", "instId": "A-B"}]}],
                url="ws://127.0.0.1:8123/some/path",
                connects="ws://127.0.0.1:8123/ws/v5/public",
            ),
            Connects(
                [("trades_all", "A-B")],
                [{"id": "1", "op": "subscribe", "args": [{"channel": "trades-all", "instId": "A-B"}]}],
                url="ws://127.0.0.1:8123/some/path",
                connects="ws://127.0.0.1:8123/ws/v5/business",
            ),
        ],
        serves=lambda stream: (
            (stream[0], stream[1].removesuffix("-SWAP")) if stream[0] == "index_tickers" else stream
        ),
        resubscribes={
            ("books", "BTC-USDT"): [{"op": "unsubscribe", "args": _ARGS}, {"op": "subscribe", "args": _ARGS}]
        },
        backfills=[
            backfill(
                "trades_all",
                "BTC-USDT",
                FILLS,
                *(Trade("BTC-USDT", *each) for each in _FILLED),
                ids=242720719,
                more=[(242720721, 242720722)],
            ),
            backfill(  # a single trade is a sum of one
                "trades",
                "BTC-USDT",
                FILLS,
                *(AggTrade("BTC-USDT", *each, int(each[1]), int(each[1])) for each in _FILLED),
                ids=242720719,
                more=[(242720721, 242720722)],
            ),
            backfill("trades", "A-B", b'{"code":"0","msg":"","data":[]}'),
        ],
        backfills_refused=[("trades", "A-B", REFUSED)],
        backfill_asked=[
            (("trades", "BTC-USDT", 1000, 1009, 1, 2), (f"{_PATH}&after=1010&limit=10", 1)),
            (("trades_all", "BTC-USDT", 1000, 5000, 1, 2), (f"{_PATH}&after=1100&limit=100", 1)),
            (("trades", "BTC-USDT", None, None, 1, 2), None),
        ],
        lists=[
            Listed(
                INSTRUMENTS,
                (
                    Instrument("BTC-USDT", "BTC", "USDT", "spot", tick=0.1, lot=0.00000001),
                    Instrument(
                        *(
                            "BTC-USD-220325",
                            "BTC",
                            "USD",
                            "future",
                            0.1,
                            1.0,
                            100.0,
                            1648195200000000000,
                            False,
                        )
                    ),
                    Instrument("ETH-USD_UM-SWAP", "ETH", "USD", "perpetual", active=False),
                ),
            )
        ],
        lists_asked=[
            (f"/api/v5/public/instruments?instType={kind}", 1) for kind in ("SPOT", "SWAP", "FUTURES")
        ],
        listing=Listing(
            lambda entries: {"code": "0", "data": entries},
            {"instId": "BTC-USDT", "instType": "SPOT", "state": "live"},
            "BTC-USDT",
        ),
        quote=quoted,
    )
}
