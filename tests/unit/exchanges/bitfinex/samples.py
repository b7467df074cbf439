"""Bitfinex: messages of 2019 to 2021, over a connection on which every channel was subscribed to."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

from support.exchange_samples import (
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
    notice,
    part,
    reply,
    unknown,
)

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Header
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Trade

BOOK_SUBSCRIBED = (
    b'{"event":"subscribed","channel":"book","chanId":6959,"symbol":"tETHUSD","prec":"P0","freq":"F0",'
    b'"len":"250","pair":"ETHUSD"}'
)
SNAPSHOT = b"[6959,[[216,2,31.52],[218.75,1,-13.33333333],[218.76,1,-2]],10,1564617600541]"
LIQUIDATED = (
    b'[907,[["pos",143679087,1594036710543,null,"tETHF0:USTF0",-4.56671421,222.248906484356,null,1,1,null,'
    b"235.52]],1206215,1594036710595]"
)
TICKER = (
    b"[232949,[0.068965,60157.36709703,0.0774,48578.50804052,0.001969,0.0262,0.076989,101459.39453471,"
    b"0.0828,0.068961],1]"
)
STATUS = (
    b"[23928,[1590596819000,null,9166.30324769,9169.35,null,1372762.95402242,null,1590624000000,"
    b"-0.00001415,533,null,0,null,null,9170.3525,null,null,3005.25851857],962044,1590596820986]"
)
SHORT_STATUS = b"[23928,[1569715201000,null,173.535,173.57,null,101052.04082882,null,1569744000000,0,0],7]"
INSTRUMENTS = (
    b'[[["AAVE:USD",[null,null,null,"0.02","5000.0",null,null,null,0.01,0.005]],["BTCUSD",[null]]],'
    b'[["BTCF0:USTF0",[null,null,null,"0.00004","2000.0"]]]]'
)


def subscribed(channel: str, number: int, **named: str) -> bytes:
    return json.dumps({"event": "subscribed", "channel": channel, "chanId": number, **named}).encode()


def checksum(text: str, number: int = 20) -> bytes:
    value = zlib.crc32(text.encode())
    return b'[6959,"cs",%d,%d]' % (value - 2**32 if value >= 2**31 else value, number)


OPENING = [
    BOOK_SUBSCRIBED,
    subscribed("trades", 89, symbol="tBTCUSD", pair="BTCUSD"),
    subscribed("ticker", 232949, symbol="tBFTUSD", pair="BFTUSD"),
    subscribed("status", 23928, key="deriv:tBTCF0:USTF0"),
    subscribed("status", 907, key="liq:global"),
]
_TE = b'[89,"te",[382489563,1564617600709,0.00705845,10087.98969503],18,1564617600784]'
_CHANGED, _TOLD, _LIQUIDATED = 1564617601769000000, 1569715249702000000, 1594036710543000000
_OTHER = b'["pos",142397657,1574697680828.2002,null,"tBSVUSD",2.62932,91.58,null,1,1,null,112.27]'
_LIQUIDATION = Liquidation("tETHF0:USTF0", _LIQUIDATED, "143679087", "buy", 235.52, 4.56671421, 235.52)


def connection() -> Callable[[bytes], Header]:
    """What reads the messages of such a connection."""
    read = EXCHANGES["bitfinex"].messages.reader()
    for message in OPENING:
        read(message)
    return read


MESSAGES = [
    data(
        _TE,
        "trades",
        Trade("tBTCUSD", 1564617600709000000, "382489563", "buy", 10087.98969503, 0.00705845),
        frame=18,
        at=1564617600784000000,
    ),
    data(  # the same trade is told twice
        _TE.replace(b"te", b"tu").replace(b",18,", b",19,"),
        "trades",
        symbol="tBTCUSD",
        frame=19,
        at=1564617600784000000,
    ),
    data(  # recent trades come newest first, negative amounts are sold
        b"[89,[[669899159,1618665870435,166.39,0.0769],[669898213,1618661110078,-2272.5,0.0689]],9]",
        "trades",
        Trade("tBTCUSD", 1618661110078000000, "669898213", "sell", 0.0689, 2272.5),
        Trade("tBTCUSD", 1618665870435000000, "669899159", "buy", 0.0769, 166.39),
        frame=9,
        at=None,
    ),
    data(
        SNAPSHOT,
        "book",
        BookUpdate(
            "tETHUSD", 1564617600541000000, True, [(216.0, 31.52)], [(218.75, 13.33333333), (218.76, 2.0)]
        ),
        frame=10,
        snapshot=True,
    ),
    data(
        b"[6959,[219.11,3,-18.10913638],45,1564617601214]",
        "book",
        BookUpdate("tETHUSD", 1564617601214000000, False, [], [(219.11, 18.10913638)]),
        frame=45,
    ),
    # a level without orders is gone from the side of its sign
    data(
        b"[6959,[218.9,0,1],61,1564617601769]",
        "book",
        BookUpdate("tETHUSD", _CHANGED, False, [(218.9, 0.0)], []),
        frame=61,
    ),
    data(
        b"[6959,[218.9,0,-1],61,1564617601769]",
        "book",
        BookUpdate("tETHUSD", _CHANGED, False, [], [(218.9, 0.0)]),
        frame=61,
    ),
    data(  # an empty book is whole
        b"[6959,[],11,1564617601769]",
        "book",
        BookUpdate("tETHUSD", _CHANGED, True, [], []),
        frame=11,
        snapshot=True,
    ),
    data(b'[6959,"cs",-890884919,3604,1569715249702]', "book", symbol="tETHUSD", frame=3604, at=_TOLD),
    # the touch, but not how much is there
    data(TICKER, "ticker", Quote("tBFTUSD", None, 0.068965, None, 0.0774, None), frame=1),
    data(
        b"[232949,[null,0,0.0774,48578.50804052,null],1]",
        "ticker",
        Quote("tBFTUSD", None, None, None, 0.0774, None),
        frame=1,
    ),
    data(
        b"[232949,[null,1,null,2,0],1,1786563105791]",
        "ticker",
        symbol="tBFTUSD",
        frame=1,
        at=1786563105791000000,
    ),
    data(
        STATUS,
        "deriv",
        DerivativeTicker(
            *("tBTCF0:USTF0", 1590596819000000000),
            funding_timestamp=1590624000000000000,
            funding_rate=0.0,
            predicted_funding_rate=-0.00001415,
            open_interest=3005.25851857,
            index_price=9169.35,
            mark_price=9170.3525,
        ),
        frame=962044,
        at=1590596820986000000,
    ),
    data(
        SHORT_STATUS,
        "deriv",
        DerivativeTicker(
            *("tBTCF0:USTF0", 1569715201000000000),
            funding_timestamp=1569744000000000000,
            predicted_funding_rate=0.0,
            index_price=173.57,
        ),
        frame=7,
        at=None,
    ),
    data(LIQUIDATED, "liq", _LIQUIDATION, frame=1206215, at=1594036710595000000),
    data(  # without a price it has no row
        LIQUIDATED.replace(b"235.52", b"null"),
        "liq",
        symbol="tETHF0:USTF0",
        frame=1206215,
        at=1594036710595000000,
    ),
    data(
        LIQUIDATED.replace(b"]],", b"]," + _OTHER + b"],"),
        "liq",
        _LIQUIDATION,
        Liquidation("tBSVUSD", 1574697680828000000, "142397657", "sell", 112.27, 2.62932, 112.27),
        frame=1206215,
        at=1594036710595000000,
        more=[part("tBSVUSD", frame=None)],
    ),
    heartbeat(b'[6959,"hb",3603,1569715249702]', "book", "tETHUSD", at=_TOLD, frame=3603),
    heartbeat(b'{"event":"info","version":2,"serverId":"083b","platform":{"status":1}}'),
    heartbeat(b'{"event":"pong","ts":1511545528111,"cid":1234}'),
    notice(b'{"event":"info","code":20051,"msg":"Stopping. Please try to reconnect"}'),
    notice(b'{"event":"info","code":20060,"msg":"Entering in Maintenance mode"}'),
    notice(b'{"event":"info","code":20061,"msg":"Maintenance ended"}'),
    reply(BOOK_SUBSCRIBED, ("book", "tETHUSD")),
    reply(b'{"event":"conf","status":"OK","flags":65536}', request=1),
    reply(b'{"event":"conf","status":"FAILED"}', error="refused without a reason"),
    reply(
        b'{"channel":"book","symbol":"tNOPE","event":"error","msg":"symbol: invalid","code":10300}',
        ("book", "tNOPE"),
        error="symbol: invalid (code 10300)",
    ),
    reply(
        b'{"channel":"status","key":"liq:global","event":"error","msg":"key: invalid","code":10300}',
        ("liq", ""),
        error="key: invalid (code 10300)",
    ),
    reply(b'{"event":"error","msg":"unknown event","code":10000}', error="unknown event (code 10000)"),
    unknown(b'{"event":"auth"}'),
    unknown(b'{"event":"subscribed","channel":"candles","chanId":1,"key":"trade:1m:tBTCUSD"}'),
    unknown(b'[0,"os",[]]'),
    unknown(b"[89]"),
    malformed(b"[89,[1,"),
    malformed(b'[907,[["pos","x"]],5]', frame=5),
]

_MISSED = ("trades", "tBTCF0:USTF0", None, None, 1590593199_934_000_001, 1590593200_000_000_001)
_PAIR = {"channel": "book", "symbol": "tBTCUSD", "prec": "P0", "freq": "F0", "len": "250"}
_CONF = {"event": "conf", "flags": 229376}


def quoted(bid: list[str], ask: list[str]) -> object:
    """A ticker of the channel that was subscribed to."""
    return [232949, [float(bid[0]), 1, float(ask[0]), 2, 0, 0, 0, 0, 0, 0], 1, 1786563105791]


SAMPLES = {
    "bitfinex": Samples(
        messages=MESSAGES,
        opening=OPENING,
        symbols=lambda number: f"t{number:03}USD",
        spelled=dict.fromkeys(["tBTCUSD", "BTCUSD", "btcusd", " tbtcusd "], "tBTCUSD"),
        recorded=["tBTCUSD", "btcusd", "tDOGE:USD", "tBTCF0:USTF0", "funusd", "tFUNUSD"],
        refused=["fUSD", "fUST", "fBTC"],
        lossy=["book"],
        books=[
            CheckedBook(
                "book",
                "tETHUSD",
                [
                    SNAPSHOT,
                    checksum("216:31.52:218.75:-13.33333333:218.76:-2"),
                    b"[6959,[218.76,0,-1],12]",
                    b"[6959,[215.5,4,1.7e-7],13]",
                    checksum("216:31.52:218.75:-13.33333333:215.5:1.7e-7"),
                ],
                2,
            )
        ],
        limits=Limits(streams=25, request_streams=1),
        connects=[
            Connects([stream], [_CONF, {"event": "subscribe", **text}])
            for stream, text in (
                (("book", "tBTCUSD"), _PAIR),
                (("trades", "tBTCUSD"), {"channel": "trades", "symbol": "tBTCUSD"}),
                (("deriv", "tBTCF0:USTF0"), {"channel": "status", "key": "deriv:tBTCF0:USTF0"}),
                (("liq", ""), {"channel": "status", "key": "liq:global"}),
            )
        ],
        urls={
            "ws://127.0.0.1:9001": ["ws://127.0.0.1:9001/ws/2"],
            "wss://api-pub.bitfinex.com/ws/2": ["wss://api-pub.bitfinex.com/ws/2"],
        },
        backfills=[
            backfill(
                "trades",
                "tBTCF0:USTF0",
                b"[[452025731,1590593199935,-1,9135],[452025730,1590593199934,0.005,9135.5]]",
                Trade("tBTCF0:USTF0", 1590593199934000000, "452025730", "buy", 9135.5, 0.005),
                Trade("tBTCF0:USTF0", 1590593199935000000, "452025731", "sell", 9135.0, 1.0),
            ),
            backfill("trades", "tBTCUSD", b"[]"),
        ],
        backfills_refused=[("trades", "tBTCUSD", b'["error",10020,"limit: invalid"]')],
        backfill_asked=[
            (
                _MISSED,
                ("/v2/trades/tBTCF0:USTF0/hist?limit=10000&start=1590593197934&end=1590593202001&sort=1", 1),
            )
        ],
        lists=[
            Listed(
                INSTRUMENTS,
                (
                    Instrument("tAAVE:USD", "AAVE", "USD", "spot"),
                    Instrument("tBTCUSD", "BTC", "USD", "spot"),
                    Instrument("tBTCF0:USTF0", "BTCF0", "USTF0", "perpetual"),
                ),
            )
        ],
        lists_asked=[("/v2/conf/pub:info:pair,pub:info:pair:futures", 1)],
        listing=Listing(lambda entries: [entries], ["BTCUSD", []], "tBTCUSD"),
        quote=quoted,
    )
}
