"""Gemini: messages of 2026, and answers of the documentation."""

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
    malformed,
    reply,
    unknown,
)

from daedalus.exchanges.gemini.exchange import GEMINI
from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

TRADE = (
    b'{"E":1783981140085684200,"s":"btcrlusd","t":2840141014190422,"p":"62145.38000","q":"0.0162522200",'
    b'"m":true}'
)
CHANGE = (
    b'{"e":"depthUpdate","E":1783981199886103586,"s":"linkrlusd","U":1764549594426242,"u":1764549594426275,'
    b'"b":[["7.8000000","2.50000000"]],"a":[["7.8537500","0.00000000"]]}'
)
# The first three messages of a book, the first cut down to two levels a side.
BOOK = (
    b'{"e":"depthUpdate","E":1789505894447220874,"s":"ethusdcperp","U":1764527605192323,"u":1764527605192323,'
    b'"b":[["2482.5500","1.047"],["2482.0000","2.000"]],"a":[["2483.5000","1.047"],["2484.0000","3.000"]]}',
    b'{"e":"depthUpdate","E":1789505894547220874,"s":"ethusdcperp","U":1764527605192323,"u":1764527605192686,'
    b'"b":[["2482.5500","0.000"]],"a":[["2483.5000","0.000"],["2483.4500","1.047"]]}',
    b'{"e":"depthUpdate","E":1789505894647220874,"s":"ethusdcperp","U":1764527605192686,"u":1764527605192712,'
    b'"b":[["2482.5500","1.047"]],"a":[]}',
)
TICKER = (
    b'{"u":1751505576085,"E":1751508438600117161,"s":"btcusd","b":"45000.50","B":"1.25000000",'
    b'"a":"45001.00","A":"0.75000000"}'
)
FILLS = (
    b'[{"timestamp":1638891173,"timestampms":1638891173519,"tid":73621746147,"price":"0.0027","amount":"1",'
    b'"exchange":"gemini","type":"auction"},{"timestamp":1638891173,"timestampms":1638891173518,'
    b'"tid":73621746145,"price":"50720.53","amount":"0.0027","exchange":"gemini","type":"sell"},'
    b'{"timestamp":1638891172,"timestampms":1638891172518,"tid":73621746140,"price":"50720.5",'
    b'"amount":"0.5","exchange":"gemini","type":"buy"}]'
)

_FIRST, _LAST, _END = 1764527605192323, 1764527605192686, 1764527605192712
_PAIR, _TRADED, _TICKED, _CHANGED = (
    "ethusdcperp",
    1783981140085684200,
    1751508438600117161,
    1783981199886103586,
)

MESSAGES = [
    *(
        data(
            TRADE.replace(b"true", maker),
            "trade",
            Trade("btcrlusd", _TRADED, "2840141014190422", side, 62145.38, 0.01625222),
        )
        for maker, side in ((b"true", "sell"), (b"false", "buy"))
    ),
    data(
        BOOK[0],
        "depth",
        BookUpdate(
            *(_PAIR, 1789505894447220874, True, [(2482.55, 1.047), (2482.0, 2.0)]),
            *([(2483.5, 1.047), (2484.0, 3.0)], _FIRST, _FIRST),
        ),
        ids=_FIRST,
        snapshot=True,
    ),
    data(
        BOOK[1],
        "depth",
        BookUpdate(
            *(_PAIR, 1789505894547220874, False, [(2482.55, 0.0)], [(2483.5, 0.0), (2483.45, 1.047)]),
            *(_FIRST + 1, _LAST),
        ),
        ids=(_FIRST + 1, _LAST, _FIRST),
    ),
    data(
        BOOK[2],
        "depth",
        BookUpdate(_PAIR, 1789505894647220874, False, [(2482.55, 1.047)], [], _LAST + 1, _END),
        ids=(_LAST + 1, _END, _LAST),
    ),
    data(  # a change that comes first is no snapshot
        CHANGE,
        "depth",
        BookUpdate(
            *("linkrlusd", _CHANGED, False, [(7.8, 2.5)], [(7.85375, 0.0)]),
            *(1764549594426243, 1764549594426275),
        ),
        ids=(1764549594426243, 1764549594426275, 1764549594426242),
    ),
    data(
        b'{"e":"depthUpdate","E":1,"s":"a","U":7,"u":7,"b":[],"a":[]}',
        "depth",
        BookUpdate("a", 1, True, [], [], 7, 7),
        ids=7,
        snapshot=True,
    ),
    data(TICKER, "bookTicker", Quote("btcusd", _TICKED, 45000.5, 1.25, 45001.0, 0.75, 1751505576085)),
    data(
        TICKER.replace(b'"45000.50"', b'""').replace(b',"A":"0.75000000"', b""),
        "bookTicker",
        Quote("btcusd", _TICKED, None, 1.25, 45001.0, None, 1751505576085),
    ),
    reply(b'{"id":1,"status":200}', request=1),
    reply(b'{"id":"a","status":200,"result":{}}'),
    reply(
        b'{"id":4,"status":400,"error":{"code":-1013,"msg":"Invalid stream name: nosuchperp@depth@100ms"}}',
        request=4,
        error="Invalid stream name: nosuchperp@depth@100ms (code -1013)",
    ),
    reply(b'{"id":4,"status":503}', request=4, error="refused (code 503)"),
    unknown(b'{"e":"contractStatus","E":1,"s":"a"}'),
    unknown(b'{"E":1,"s":"a"}'),
    unknown(b'{"lastUpdateId":1,"bids":[],"asks":[]}'),
    unknown(b'{"id":1}'),
    malformed(b'{"e":"depthUpdate","E":1,"s":"a","u":5}'),
    malformed(b'{"e":"depthUpdate","E":1,"s":"a","U":6,"u":5,"b":[],"a":[]}'),
    malformed(b'{"E":1,"s":"a","t":"x"}'),
]


def quoted(bid: list[str], ask: list[str]) -> object:
    return {"u": 1, "E": 5, "s": "ab", "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}


def asking(number: int, method: str, stream: str) -> object:
    return {"id": number, "method": method, "params": [stream]}


_HERE = "ws://127.0.0.1:9"

SAMPLES = {
    "gemini": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"s{number}usd",
        spelled={" BTCUSD ": "btcusd"},
        recorded=["btcusd", "btcgusdperp"],
        chains=[Chain(BOOK, 1, (_FIRST, _LAST + 1, None))],
        limits=Limits(
            streams=300,
            request_streams=1,  # so that one wrong name costs no other
            keepalive={"id": 1_000_000_000, "method": "ping"},
            spread=[(["depth", "trade", "bookTicker"], 150, [300, 150])],
        ),
        connects=[
            Connects(
                [("depth", "btcusd"), ("trade", "btcusd"), ("bookTicker", "btcusd")],
                [
                    asking(1, "subscribe", "btcusd@depth@100ms"),
                    asking(2, "subscribe", "btcusd@trade"),
                    asking(3, "subscribe", "btcusd@bookTicker"),
                ],
            )
        ],
        urls={  # whole books are asked for unless the address says otherwise
            _HERE: [f"{_HERE}?snapshot=-1"],
            "wss://ws.gemini.com": ["wss://ws.gemini.com?snapshot=-1"],
            GEMINI.websocket_url: [GEMINI.websocket_url],
            "ws://localhost:1/path?snapshot=20": ["ws://localhost:1/path?snapshot=20"],
        },
        resubscribes={
            ("depth", "btcusd"): [
                asking(1_000_000_000, method, "btcusd@depth@100ms") for method in ("unsubscribe", "subscribe")
            ]
        },
        backfills=[
            backfill(  # auctions are left out
                "trade",
                "btcusd",
                FILLS,
                Trade("btcusd", 1638891172518_000_000, "73621746140", "buy", 50720.5, 0.5),
                Trade("btcusd", 1638891173518_000_000, "73621746145", "sell", 50720.53, 0.0027),
            ),
            backfill("trade", "a", b"[]"),
        ],
        backfills_refused=[("trade", "a", b'{"result":"error","reason":"InvalidSymbol","message":"x"}')],
        backfill_asked=[
            (
                ("trade", "btcusd", None, None, 1783981140085684200, 1783981150085684200),
                ("/v1/trades/btcusd?timestamp=1783981140084&limit_trades=500", 1),
            )
        ],
        lists=[
            Listed(
                b'["btcusd","ethbtc","btcgusdperp","linkrlusd","solusdcperp","usdtusd","usdcusd"]',
                (
                    Instrument("btcusd", "BTC", "USD", "spot"),
                    Instrument("ethbtc", "ETH", "BTC", "spot"),
                    Instrument("btcgusdperp", "BTC", "GUSD", "perpetual"),
                    Instrument("linkrlusd", "LINK", "RLUSD", "spot"),
                    Instrument("solusdcperp", "SOL", "USDC", "perpetual"),
                    Instrument("usdtusd", "USDT", "USD", "spot"),
                    Instrument("usdcusd", "USDC", "USD", "spot"),
                ),
            )
        ],
        lists_asked=[("/v1/symbols", 1)],
        listing=Listing(lambda entries: entries, "btcusd", "btcusd"),
        quote=quoted,
    )
}
