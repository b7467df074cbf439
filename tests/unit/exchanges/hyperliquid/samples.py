"""Hyperliquid: messages of 2024 to 2026."""

from __future__ import annotations

import json
from typing import Any

from support.exchange_samples import (
    Connects,
    Limits,
    Listed,
    Listing,
    Samples,
    data,
    heartbeat,
    malformed,
    part,
    reply,
    unknown,
    unreadable,
)

from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Quote, Trade

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
SPOT_CONTEXT = (
    b'{"channel":"activeSpotAssetCtx","data":{"coin":"@107","ctx":{"dayNtlVlm":"8906.0","prevDayPx":"0.20432",'
    b'"markPx":"0.2153","midPx":"0.2155","circulatingSupply":"851681534.05"}}}'
)
META = (
    b'{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":50},'
    b'{"name":"MATIC","szDecimals":1,"maxLeverage":20,"isDelisted":true}],"marginTables":[]}'
)
SPOT_META = (
    b'{"tokens":[{"name":"USDC","szDecimals":8,"weiDecimals":8,"index":0},'
    b'{"name":"PURR","szDecimals":0,"weiDecimals":5,"index":1}],'
    b'"universe":[{"name":"PURR/USDC","tokens":[1,0],"index":0,"isCanonical":true},'
    b'{"name":"@1","tokens":[2,0],"index":1}]}'
)

_TRADED, _QUOTED = 1730160015113000000, 1759536000789000000
_TRADE: dict[str, Any] = json.loads(TRADE)["data"][0]
_BID = Quote("BTC", _QUOTED, 121000.0, 0.5, None, None)


def trades(*several: dict[str, Any]) -> bytes:
    return json.dumps({"channel": "trades", "data": [_TRADE | each for each in several]}).encode()


def answered(method: str) -> bytes:
    named = {"method": method, "subscription": {"type": "trades", "coin": "BTC"}}
    return json.dumps({"channel": "subscriptionResponse", "data": named}, separators=(",", ":")).encode()


def asking(method: str, channel: str, coin: str) -> object:
    return {"method": method, "subscription": {"type": channel, "coin": coin}}


_TWICE = 'Already subscribed: {"type":"trades","coin":"BTC"}'
_PARSING = "Error parsing JSON into valid websocket request: {x"

MESSAGES = [
    *(
        data(
            TRADE.replace(b'"A"', b'"%s"' % taker),
            "trades",
            Trade("FXS", _TRADED, "611279506717453", side, 1.9008, 10.5),
        )
        for taker, side in ((b"A", "sell"), (b"B", "buy"))
    ),
    data(  # oldest first
        trades({}, {"time": 1730160015108, "tid": 7}),
        "trades",
        Trade("FXS", 1730160015108000000, "7", "sell", 1.9008, 10.5),
        Trade("FXS", _TRADED, "611279506717453", "sell", 1.9008, 10.5),
    ),
    data(
        trades({}, {"coin": "BTC"}),
        "trades",
        Trade("FXS", _TRADED, "611279506717453", "sell", 1.9008, 10.5),
        Trade("BTC", _TRADED, "611279506717453", "sell", 1.9008, 10.5),
        more=[part("BTC")],
    ),
    *(
        unreadable(TRADE.replace(b'"1.9008"', number), "trades", "FXS", at=_TRADED)
        for number in (b'"-1"', b'"NaN"', b'"1e999"', b"null")
    ),
    data(  # each book is a whole one
        BOOK,
        "l2Book",
        BookUpdate("BTC", 1790232236546000000, True, [(84143.0, 10.25923)], [(84144.0, 50.66449)]),
        snapshot=True,
    ),
    data(BBO, "bbo", _BID),
    data(BBO.replace(b",null]", b"]"), "bbo", _BID),
    data(BBO.replace(b'{"px":"121000.0","sz":"0.5","n":3}', b"null"), "bbo", symbol="BTC", at=_QUOTED),
    unreadable(BBO.replace(b",null]", b",null,null]"), "bbo", "BTC", at=_QUOTED),
    data(
        CONTEXT,
        "activeAssetCtx",
        DerivativeTicker(
            *("BTC", None),
            funding_rate=0.0000125,
            open_interest=34715.04452,
            index_price=85916.0,
            mark_price=85896.4,
        ),
    ),
    data(SPOT_CONTEXT, "activeAssetCtx", DerivativeTicker("@107", None, mark_price=0.2153)),
    reply(answered("subscribe"), ("trades", "BTC")),
    reply(answered("unsubscribe")),
    reply(json.dumps({"channel": "error", "data": _TWICE}).encode(), ("trades", "BTC"), error=_TWICE),
    reply(json.dumps({"channel": "error", "data": _PARSING}).encode(), error=_PARSING),
    heartbeat(b'{"channel":"pong"}'),
    heartbeat(b'{"channel": "pong"}'),
    heartbeat(b"Websocket connection established."),
    heartbeat(b'{"channel":"trades","data":[]}'),
    unknown(b'{"channel":"candle","data":{}}'),
    malformed(b'{"channel":"l2Book","data":{"coin":5}}'),
    malformed(b'{"channel":"bbo","data":{"coin":""}}'),
    malformed(b'{"channel":"trades"}'),
    malformed(BOOK[:60]),
    malformed(b'{"channel":' + b"[" * 100_000),
]


def quoted(bid: list[str], ask: list[str]) -> object:
    sides = [{"px": price, "sz": amount, "n": 1} for price, amount in (bid, ask)]
    return {"channel": "bbo", "data": {"coin": "A", "time": 5, "bbo": sides}}


SAMPLES = {
    "hyperliquid": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"C{number}",
        spelled={" kPEPE ": "kPEPE"},  # the case of a coin counts
        recorded=["BTC", "kPEPE", "PURR/USDC", "@107"],
        refused=["xyz:NVDA"],
        lossy=["l2Book", "bbo"],
        limits=Limits(
            streams=200,
            request_streams=1,
            keepalive={"method": "ping"},
            spread=[(["trades", "l2Book", "bbo", "activeAssetCtx"], 240, [200] * 4 + [160])],
        ),
        connects=[
            Connects(
                [("trades", "C0"), ("l2Book", "C0")],
                [asking("subscribe", "trades", "C0"), asking("subscribe", "l2Book", "C0")],
            )
        ],
        urls={
            "ws://127.0.0.1:9001": ["ws://127.0.0.1:9001/ws"],
            "wss://api.hyperliquid.xyz/ws": ["wss://api.hyperliquid.xyz/ws"],
        },
        resubscribes={
            (channel, "BTC"): [asking("unsubscribe", channel, "BTC"), asking("subscribe", channel, "BTC")]
            for channel in ("l2Book",)
        },
        lists=[
            Listed(
                META,
                (
                    Instrument("BTC", "BTC", "USDC", "perpetual", lot=0.00001),
                    Instrument("MATIC", "MATIC", "USDC", "perpetual", lot=0.1, active=False),
                ),
            ),
            Listed(SPOT_META, (Instrument("PURR/USDC", "PURR", "USDC", "spot", lot=1.0),)),
            Listed(  # a pair of a token that cannot be read is left out alone
                b'{"universe":[{"name":"A/USDC","tokens":[1,0]},{"name":"B/USDC","tokens":[2,0]}],"tokens":['
                b'{"name":"USDC","index":0,"szDecimals":8},{"name":"A","index":1,"szDecimals":0},{"index":2}]}',
                (Instrument("A/USDC", "A", "USDC", "spot", lot=1.0),),
            ),
        ],
        lists_asked=[("/info", 20, b'{"type":"meta"}'), ("/info", 20, b'{"type":"spotMeta"}')],
        listing=Listing(lambda entries: {"universe": entries}, {"name": "BTC", "szDecimals": 5}, "BTC"),
        quote=quoted,
    )
}
