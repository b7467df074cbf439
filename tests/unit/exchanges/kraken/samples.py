"""Kraken: messages of 2023 to 2026; the trades are those of the documentation."""

from __future__ import annotations

import json

from support.exchange_samples import (
    Chain,
    CheckedBook,
    Connects,
    Limits,
    Listed,
    Listing,
    Samples,
    backfill,
    data,
    heartbeat,
    malformed,
    part,
    reply,
    unknown,
)
from support.kraken_recording import BTC_USD, MINA_GBP

from daedalus.exchanges.kraken.exchange import DEPTH
from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

# As they came in 2023 to 2026; the trades are those of the documentation.
STATUS = (
    b'{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2",'
    b'"connection_id":15113583034416118705}]}'
)
TRADES = (
    b'{"channel":"trade","type":"snapshot","data":['
    b'{"symbol":"MATIC/USD","side":"buy","price":0.5147,"qty":6423.46326,"ord_type":"limit",'
    b'"trade_id":4665846,"timestamp":"2023-09-25T07:48:36.925533Z"},'
    b'{"symbol":"MATIC/USD","side":"buy","price":0.5147,"qty":1136.19677815,"ord_type":"limit",'
    b'"trade_id":4665847,"timestamp":"2023-09-25T07:49:36.925603Z"}]}'
)
TRADE = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,'
    b'"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}'
)
BOOK = (
    b'{"channel":"book","type":"update","data":[{"symbol":"ETH/USDC","bids":[],'
    b'"asks":[{"price":3213.71,"qty":0.00000000},{"price":3214.99,"qty":5.11001334}],"checksum":2768700782,'
    b'"timestamp":"2026-01-19T16:15:30.114195Z"}]}'
)
TICKER = (
    b'{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":108359.8,"bid_qty":0.01362603,'
    b'"ask":108359.9,"ask_qty":17.17988863,"last":108359.8,"volume":2158.32346723,"vwap":108894.5,'
    b'"low":106824,"high":111300,"change":-2679.9,"change_pct":-2.41}]}'
)
SUBSCRIBED = (
    b'{"method":"subscribe","result":{"channel":"ticker","event_trigger":"bbo","snapshot":true,'
    b'"symbol":"BTC/USD"},"success":true,"time_in":"2026-08-16T23:37:04.334090Z",'
    b'"time_out":"2026-08-16T23:37:04.334135Z","req_id":21}'
)
REFUSED = (
    b'{"error":"Currency pair not supported XDG/USD","method":"subscribe","req_id":12,"success":false,'
    b'"symbol":"XDG/USD","time_in":"2025-12-20T07:39:28.809188Z","time_out":"2025-12-20T07:39:28.809200Z"}'
)
BAD_DEPTH = (
    b'{"error":"Subscription depth not supported","method":"subscribe","req_id":12,"success":false,'
    b'"time_in":"2026-08-16T23:54:19.629313Z","time_out":"2026-08-16T23:54:19.629343Z"}'
)
REST_TRADES = (
    b'{"error":[],"result":{"BTC/USD":[["30243.40000","0.34507674",1688669597.8277369,"b","m","",61044952],'
    b'["30243.30000","0.00376960",1688669598.2804112,"s","l","",61044953],'
    b'["30243.30000","0.01235716",1688669602.698379,"s","m","",61044956]],"last":"1688671969993150842"}}'
)
PAIRS = (
    b'{"error":[],"result":{"BTC/USD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency",'
    b'"base":"BTC","quote":"USD","lot":"unit","cost_decimals":5,"pair_decimals":1,"lot_decimals":8,'
    b'"tick_size":"0.1","status":"online"},"XXDGZUSD":{"altname":"XDGUSD","wsname":"XDG/USD","base":"XXDG",'
    b'"quote":"ZUSD","pair_decimals":7,"lot_decimals":8,"status":"cancel_only"},'
    b'"AAPLx/USD":{"altname":"AAPLxUSD","wsname":"AAPLx/USD","base":"AAPLx","quote":"USD",'
    b'"pair_decimals":2,"lot_decimals":8,"tick_size":"0.01","status":"online"},'
    b'"NOWSNAME":{"altname":"NOWSNAME","base":"A","quote":"B","pair_decimals":2,"lot_decimals":8}}}'
)
BOOK_NS = 1768839330114195000
TRADE_NS = 1695628177708706000

_LAST_NS = 1695628176925603000
_SCATTERED = [
    {"symbol": symbol, "side": "buy", "price": 1, "qty": 2, "trade_id": number, "timestamp": ""}
    for symbol, number in [("A/B", 9), ("C/D", 4), ("A/B", 5), ("A/B", 6)]
]
_RECORDED = json.loads(BTC_USD[0])["data"][0]


def sides(*names: str) -> list[list[tuple[float, float]]]:
    """The levels of the recorded snapshot."""
    return [[(level["price"], level["qty"]) for level in _RECORDED[name]] for name in names]


MESSAGES = [
    data(TRADE, "trade", Trade("MATIC/USD", TRADE_NS, "4665906", "sell", 0.5117, 40.0), ids=4665906),
    data(  # a run is one header, with the time of the last
        TRADES,
        "trade",
        Trade("MATIC/USD", 1695628116925533000, "4665846", "buy", 0.5147, 6423.46326),
        Trade("MATIC/USD", _LAST_NS, "4665847", "buy", 0.5147, 1136.19677815),
        ids=(4665846, 4665847),
    ),
    data(  # not consecutive, and of two symbols
        json.dumps({"channel": "trade", "type": "update", "data": _SCATTERED}).encode(),
        "trade",
        *(
            Trade(symbol, None, number, "buy", 1.0, 2.0)
            for symbol, number in (("C/D", "4"), ("A/B", "5"), ("A/B", "6"), ("A/B", "9"))
        ),
        symbol="A/B",
        ids=(5, 6),
        more=[part("A/B", 9), part("C/D", 4)],
    ),
    data(  # the levels keep their order
        BOOK, "book", BookUpdate("ETH/USDC", BOOK_NS, False, [], [(3213.71, 0.0), (3214.99, 5.11001334)])
    ),
    data(
        BTC_USD[0],
        "book",
        BookUpdate("BTC/USD", 1786923424316445000, True, *sides("bids", "asks")),
        snapshot=True,
    ),
    data(TICKER, "ticker", Quote("BTC/USD", None, 108359.8, 0.01362603, 108359.9, 17.17988863)),
    data(  # 1970 is no time
        TICKER.replace(b'"last"', b'"timestamp":"1970-01-01T00:00:00.000000Z","last"'),
        "ticker",
        Quote("BTC/USD", None, 108359.8, 0.01362603, 108359.9, 17.17988863),
    ),
    data(
        TICKER.replace(b'"bid":108359.8,"bid_qty":0.01362603,', b""),
        "ticker",
        Quote("BTC/USD", None, None, None, 108359.9, 17.17988863),
    ),
    heartbeat(b'{"channel":"heartbeat"}'),
    heartbeat(b'{"channel": "heartbeat"}'),
    heartbeat(STATUS),
    heartbeat(STATUS.replace(b"online", b"maintenance")),
    heartbeat(b'{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z"}'),
    heartbeat(b'{"channel":"trade","type":"snapshot","data":[]}'),
    reply(SUBSCRIBED, ("ticker", "BTC/USD")),
    reply(SUBSCRIBED.replace(b'"method":"subscribe"', b'"method":"unsubscribe"')),
    reply(REFUSED, ("book", "XDG/USD"), error="Currency pair not supported XDG/USD"),
    reply(BAD_DEPTH, request=12, error="Subscription depth not supported"),
    reply(BAD_DEPTH.replace(b'"req_id":12,', b""), error="Subscription depth not supported"),
    unknown(b'{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[]}}'),
    unknown(b'{"channel":"ohlc","type":"update","data":[{"symbol":"A/B"}]}'),
    unknown(b'{"event":"systemStatus","status":"online"}'),
    malformed(b'{"channel":"trade","type":"update","data":[{"symbol":"A/B"}]}'),
    malformed(b'{"channel":"trade","type":"update","data":[{"trade_id":4}]}'),
    malformed(b'{"channel":"trade","type":"update","data":[{"symbol":"A/B","trade_id":"x"}]}'),
    malformed(b'{"channel":"book","type":"update","data":[{"bids":[],"asks":[]}]}'),
    malformed(b'{"channel":"book","data":5}'),
    malformed(b'{"channel":"book","data":' + b"[" * 100_000),
]


def trade(number: int) -> bytes:
    return TRADE.replace(b"4665906", b"%d" % number)


def quoted(bid: list[str], ask: list[str]) -> object:
    told = {"bid": bid[0], "bid_qty": bid[1], "ask": ask[0], "ask_qty": ask[1]}
    numbers = {name: float(text) for name, text in told.items()}
    return {"channel": "ticker", "type": "update", "data": [{"symbol": "A/B", **numbers}]}


def asking(method: str, number: int, channel: str, **params: object) -> object:
    named = {"channel": channel, "symbol": ["BTC/USD"], **params}
    return {"method": method, "params": named, "req_id": number}


_FROM = 1_700_000_000_000_000_000
_PATH = "/0/public/Trades?pair={}&since=1699999998000000000&count=1000&assetVersion=1"

SAMPLES = {
    "kraken": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"S{number}/USD",
        spelled={
            "btc/usd": "BTC/USD",
            " XBT/USD ": "BTC/USD",
            "xdg/eur": "DOGE/EUR",
            "ETH/XBT": "ETH/BTC",
            "AAPLx/USD": "AAPLx/USD",
            "AAPLx/usd": "AAPLx/USD",
            "AVAX/USD": "AVAX/USD",
            "avax/usd": "AVAX/USD",
        },
        recorded=["BTC/USD", "AAPLx/USD"],
        refused=["PF_XBTUSD", "PI_XBTUSD", "FI_XBTUSD_260327"],
        lossy=["book"],
        chains=[Chain([trade(5), trade(6), trade(7), trade(8)], 2, (6, 8, 1))],
        books=[CheckedBook("book", "BTC/USD", BTC_USD[:10], 1), CheckedBook("book", "MINA/GBP", MINA_GBP, 1)],
        limits=Limits(silence=10.0, spread=[(["book", "trade", "ticker"], 320, [150] * 6 + [60])]),
        connects=[
            Connects(
                [("book", "BTC/USD"), ("trade", "BTC/USD"), ("ticker", "BTC/USD")],
                [
                    asking("subscribe", 10, "trade", snapshot=True),
                    asking("subscribe", 21, "ticker", snapshot=True, event_trigger="bbo"),
                    asking("subscribe", 32, "book", snapshot=True, depth=DEPTH),
                ],
            )
        ],
        urls={
            "ws://127.0.0.1:5": ["ws://127.0.0.1:5/v2"],
            "wss://ws.kraken.com/v2": ["wss://ws.kraken.com/v2"],
        },
        resubscribes={
            ("book", "BTC/USD"): [
                asking("unsubscribe", 2, "book", depth=DEPTH),
                asking("subscribe", 2, "book", depth=DEPTH, snapshot=True),
            ]
        },
        backfills=[
            backfill(
                "trade",
                "BTC/USD",
                REST_TRADES,
                Trade("BTC/USD", 1688669597827736900, "61044952", "buy", 30243.4, 0.34507674),
                Trade("BTC/USD", 1688669598280411200, "61044953", "sell", 30243.3, 0.0037696),
                Trade("BTC/USD", 1688669602698379000, "61044956", "sell", 30243.3, 0.01235716),
                ids=(61044952, 61044953),
                more=[61044956],
            ),
            backfill(
                "trade", "BTC/USD", b'{"error":[],"result":{"BTC/USD":[],"last":"1688671969993150842"}}'
            ),
        ],
        backfills_refused=[("trade", "BTC/USD", b'{"error":["EGeneral:Too many requests"],"result":{}}')],
        backfill_asked=[
            (("trade", "BTC/USD", 5, 9, _FROM, _FROM + 10**9), (_PATH.format("BTC%2FUSD"), 1)),
            (
                ("trade", "AAPLx/USD", 5, 9, _FROM, _FROM + 10**9),
                (_PATH.format("AAPLx%2FUSD") + "&asset_class=tokenized_asset", 1),
            ),
        ],
        lists=[
            Listed(
                PAIRS,
                (
                    Instrument("BTC/USD", "BTC", "USD", "spot", 0.1, 1e-8),
                    Instrument("DOGE/USD", "DOGE", "USD", "spot", 1e-7, 1e-8, active=False),
                    Instrument("AAPLx/USD", "AAPLx", "USD", "spot", 0.01, 1e-8),
                ),
            )
        ],
        lists_asked=[
            ("/0/public/AssetPairs?assetVersion=1", 1),
            ("/0/public/AssetPairs?assetVersion=1&aclass_base=tokenized_asset", 1),
        ],
        listing=Listing(
            lambda entries: {"error": [], "result": {str(at): each for at, each in enumerate(entries)}},
            {"base": "BTC", "quote": "USD", "wsname": "BTC/USD"},
            "BTC/USD",
            damaged=(None, 5, {"base": 5}, {"symbol": None, "baseAsset": None}),
        ),
        quote=quoted,
    )
}
