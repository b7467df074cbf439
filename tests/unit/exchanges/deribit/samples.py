"""Deribit: messages of 2019 to 2022, and answers of the documentation."""

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
    part,
    reply,
    unknown,
)

from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Trade

_BEGIN = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
TRADES = (
    _BEGIN + b'trades.BTC-PERPETUAL.raw","data":[{"trade_seq":20944815,"trade_id":"39355898",'
    b'"timestamp":1567296022565,"tick_direction":2,"price":9598.5,"instrument_name":"BTC-PERPETUAL",'
    b'"index_price":9600.8,"direction":"sell","amount":2000.0},{"trade_seq":20944816,"trade_id":"39355899",'
    b'"timestamp":1567296022566,"tick_direction":3,"price":9598.5,"instrument_name":"BTC-PERPETUAL",'
    b'"index_price":9600.8,"direction":"sell","amount":50.0}]}}'
)
USDC_TRADE = (
    _BEGIN + b'trades.BTC_USDC-PERPETUAL.100ms","data":[{"trade_seq":501899,"trade_id":"USDC-2436803",'
    b'"timestamp":1655397355998,"tick_direction":2,"price":21026,"mark_price":21019.9719,'
    b'"instrument_name":"BTC_USDC-PERPETUAL","index_price":21031.7847,"direction":"buy","amount":0.049}]}}'
)
LIQUIDATION = (
    _BEGIN + b'trades.BTC-PERPETUAL.raw","data":[{"trade_seq":40781986,"trade_id":"66460463",'
    b'"timestamp":1584058044032,"tick_direction":3,"price":4469.5,"liquidation":"T",'
    b'"instrument_name":"BTC-PERPETUAL","index_price":4805.41,"direction":"sell","amount":1120}]}}'
)
SNAPSHOT = (
    _BEGIN + b'book.ETH-30JUL21-2800-C.raw","data":{"type":"snapshot","timestamp":1626993723632,'
    b'"instrument_name":"ETH-30JUL21-2800-C","change_id":13169025645,"bids":[["new",0.0015,4714.0],'
    b'["new",0.001,861.0]],"asks":[["new",0.0025,873.0]]}}}'
)
CHANGE = (
    _BEGIN + b'book.ETH-30JUL21-2800-C.100ms","data":{"type":"change","timestamp":1626993725864,'
    b'"prev_change_id":13169025645,"instrument_name":"ETH-30JUL21-2800-C","change_id":13169031288,'
    b'"bids":[["change",0.0015,4737.0],["delete",0.001,0.0]],"asks":[["new",0.003,12.5]]}}}'
)
QUOTE = (
    _BEGIN + b'quote.BTC-PERPETUAL","data":{"timestamp":1567296000183,"instrument_name":"BTC-PERPETUAL",'
    b'"best_bid_price":9600.5,"best_bid_amount":162800.0,"best_ask_price":9601.0,"best_ask_amount":49710.0}}}'
)
TICKER = (
    _BEGIN
    + b'ticker.BTC-PERPETUAL.100ms","data":{"timestamp":1569888003897,"stats":{"volume":43610.27177267,'
    b'"low":7684.0,"high":8353.0},"state":"open","settlement_price":7792.17,"open_interest":84844461,'
    b'"min_price":8179.57,"max_price":8428.7,"mark_price":8304.39,"last_price":8304.5,'
    b'"instrument_name":"BTC-PERPETUAL","index_price":8305.94,"funding_8h":-0.00008477,'
    b'"current_funding":-0.000012,"best_bid_price":8304.0,"best_bid_amount":267900.0,"best_ask_price":8304.5,'
    b'"best_ask_amount":5260.0}}}'
)
EXPIRED = (
    _BEGIN + b'ticker.BTC-8JUN20-8750-P.raw","data":{"underlying_price":9724.48,"timestamp":1591603200048,'
    b'"stats":{"volume":null,"price_change":0.0,"low":0.0005,"high":0.0005},"state":"closed",'
    b'"open_interest":0.0,"mark_price":0.0,"last_price":null,"instrument_name":"BTC-8JUN20-8750-P",'
    b'"index_price":9729.25,"estimated_delivery_price":"expired","best_bid_price":0.0}}}'
)
COMBO = (
    _BEGIN + b'ticker.BTC-FS-30SEP22_PERP.raw","data":{"timestamp":1662681659203,"state":"open",'
    b'"open_interest":0,"mark_price":10.12,"last_price":-13.5,"instrument_name":"BTC-FS-30SEP22_PERP",'
    b'"index_price":19320.68,"best_bid_price":-7.0,"best_bid_amount":300000.0}}}'
)
HEARTBEAT = b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}'
TEST_REQUEST = b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}'

MS = 1_000_000
_PERP, _OPTION, _FIRST, _LAST = "BTC-PERPETUAL", "ETH-30JUL21-2800-C", 13169025645, 13169031288
_SOLD, _QUOTED, _TICKED, _FORCED = (
    1567296022566 * MS,
    1567296000183 * MS,
    1569888003897 * MS,
    1584058044032 * MS,
)
_WHOLE = BookUpdate(
    *(_OPTION, 1626993723632 * MS, True, [(0.0015, 4714.0), (0.001, 861.0)], [(0.0025, 873.0)]),
    *(_FIRST, _FIRST),
)
_CHANGED = (_OPTION, 1626993725864 * MS, False, [(0.0015, 4737.0), (0.001, 0.0)], [(0.003, 12.5)])
_TRADED = (
    Trade(_PERP, 1567296022565 * MS, "39355898", "sell", 9598.5, 2000.0, 20944815),
    Trade(_PERP, _SOLD, "39355899", "sell", 9598.5, 50.0, 20944816),
)


def answered(number: int, what: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%d,%s,"usIn":1,"usOut":2,"usDiff":1,"testnet":false}' % (number, what)


MESSAGES = [
    data(TRADES, "trades", *_TRADED, ids=(20944815, 20944816)),
    data(
        USDC_TRADE,
        "trades",
        Trade("BTC_USDC-PERPETUAL", 1655397355998 * MS, "USDC-2436803", "buy", 21026.0, 0.049, 501899),
        ids=501899,
    ),
    data(  # in any order, with two runs of numbers
        TRADES.replace(b"20944815", b"20944818"),
        "trades",
        _TRADED[1],
        Trade(_PERP, 1567296022565 * MS, "39355898", "sell", 9598.5, 2000.0, 20944818),
        ids=20944816,
        more=[part(_PERP, 20944818, at=None)],
    ),
    *(  # the order of the one who was liquidated: taker, maker, or both
        data(
            LIQUIDATION.replace(b'"T"', b'"%s"' % who),
            "trades",
            Trade(_PERP, _FORCED, "66460463", "sell", 4469.5, 1120.0, 40781986),
            *(Liquidation(_PERP, _FORCED, "66460463", side, 4469.5, 1120.0, 4469.5) for side in sides),
            ids=40781986,
        )
        for who, sides in ((b"T", ["sell"]), (b"M", ["buy"]), (b"MT", ["buy", "sell"]))
    ),
    *(  # with a predecessor, or without a type, it is a snapshot as well
        data(message, "book", _WHOLE, ids=_FIRST, snapshot=True)
        for message in (
            SNAPSHOT,
            SNAPSHOT.replace(b'"change_id"', b'"prev_change_id":20,"change_id"'),
            SNAPSHOT.replace(b'"type":"snapshot",', b""),
        )
    ),
    data(CHANGE, "book", BookUpdate(*_CHANGED, _FIRST + 1, _LAST), ids=(_FIRST + 1, _LAST, _FIRST)),
    data(  # a new book
        CHANGE.replace(b'"prev_change_id":13169025645', b'"prev_change_id":0'),
        "book",
        BookUpdate(*_CHANGED, 1, _LAST),
        ids=(1, _LAST, 0),
    ),
    data(QUOTE, "quote", Quote(_PERP, _QUOTED, 9600.5, 162800.0, 9601.0, 49710.0)),
    *(
        data(
            QUOTE.replace(b"9600.5", price).replace(b"162800.0", b"0.0"),
            "quote",
            Quote(_PERP, _QUOTED, None, None, 9601.0, 49710.0),
        )
        for price in (b"0.0", b"null")
    ),
    data(  # both sides are empty
        QUOTE.replace(b"9600.5", b"null").replace(b"162800.0", b"0.0").replace(b"49710.0", b"0.0"),
        "quote",
        symbol=_PERP,
        at=_QUOTED,
    ),
    # a combination may be bid for at nothing
    data(QUOTE.replace(b"9600.5", b"0.0"), "quote", Quote(_PERP, _QUOTED, 0.0, 162800.0, 9601.0, 49710.0)),
    data(
        TICKER,
        "ticker",
        DerivativeTicker(
            *(_PERP, _TICKED),
            funding_rate=-0.000012,
            open_interest=84844461.0,
            last_price=8304.5,
            index_price=8305.94,
            mark_price=8304.39,
        ),
    ),
    data(  # null is not zero
        EXPIRED,
        "ticker",
        DerivativeTicker(
            *("BTC-8JUN20-8750-P", 1591603200048 * MS), open_interest=0.0, index_price=9729.25, mark_price=0.0
        ),
    ),
    data(
        COMBO,
        "ticker",
        DerivativeTicker(
            *("BTC-FS-30SEP22_PERP", 1662681659203 * MS),
            open_interest=0.0,
            last_price=-13.5,
            index_price=19320.68,
            mark_price=10.12,
        ),
    ),
    heartbeat(HEARTBEAT),
    heartbeat(TEST_REQUEST, answer='{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}'),
    reply(b'{"jsonrpc":"2.0","id":0,"result":{"version":"1.2.26"},"usIn":1,"usOut":2,"usDiff":1}', request=0),
    # refused channels are left out without a word: the request as a whole must not count as confirmed
    reply(
        answered(
            3, b'"result":["trades.BTC-PERPETUAL.100ms","quote.BTC-PERPETUAL","deribit_price_index.btc_usd"]'
        ),
        ("trades", _PERP),
        ("quote", _PERP),
    ),
    reply(answered(3, b'"result":[]')),
    reply(answered(1, b'"result":"ok"'), request=1),
    reply(
        answered(5, b'"error":{"code":13778,"message":"raw_subscriptions_not_available_for_unauthorized"}'),
        request=5,
        error="raw_subscriptions_not_available_for_unauthorized (code 13778)",
    ),
    reply(
        answered(
            5,
            b'"error":{"message":"Invalid params","data":{"reason":"invalid format","param":"nonce"},'
            b'"code":-32602}',
        ),
        request=5,
        error="Invalid params: nonce invalid format (code -32602)",
    ),
    unknown(_BEGIN + b'trades.option.BTC.raw","data":[]}}'),
    unknown(_BEGIN + b'perpetual.BTC-PERPETUAL.100ms","data":{}}}'),
    unknown(b'{"jsonrpc":"2.0","method":"subscription","params":{"data":[]}}'),
    unknown(b'{"jsonrpc":"2.0"}'),
    malformed(_BEGIN + b'quote.BTC-PERPETUAL","data":{}}}'),
    malformed(_BEGIN + b'book.A.raw","data":{"change_id":"x","timestamp":1}}}'),
    malformed(_BEGIN + b'trades.A.raw","data":[{"trade_seq":1.5}]}}'),
]


def trade(number: int) -> bytes:
    return USDC_TRADE.replace(b"501899", b"%d" % number)


def change(previous: int, last: int) -> bytes:
    """A change of the book by so many numbers behind those of its snapshot."""
    message = CHANGE.replace(b"%d" % _LAST, b"%d" % (_FIRST + last))
    return message.replace(b":%d," % _FIRST, b":%d," % (_FIRST + previous), 1)


def quoted(bid: list[str], ask: list[str]) -> object:
    sides = {
        "best_bid_price": bid[0],
        "best_bid_amount": bid[1],
        "best_ask_price": ask[0],
        "best_ask_amount": ask[1],
    }
    told = {name: float(text) for name, text in sides.items()}
    found = {"timestamp": 5, "instrument_name": "A", **told}
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "quote.A", "data": found}}


def asking(number: int, method: str, **params: object) -> object:
    return {"jsonrpc": "2.0", "id": number, "method": f"public/{method}", "params": params}


_ANSWER = {"trades": json.loads(TRADES)["params"]["data"][::-1], "has_more": False}
_COMMON = {"base_currency": "BTC", "is_active": True, "contract_size": 10.0, "min_trade_amount": 10.0}
_LISTED = [
    _COMMON
    | {"instrument_name": "BTC-PERPETUAL", "kind": "future", "settlement_period": "perpetual"}
    | {"quote_currency": "USD", "tick_size": 0.5, "expiration_timestamp": 32503708800000},
    _COMMON
    | {"instrument_name": "BTC-24JUN22-52000-P", "kind": "option", "settlement_period": "month"}
    | {"quote_currency": "BTC", "counter_currency": "USD", "tick_size": 0.0005}
    | {"min_trade_amount": 0.1, "contract_size": 1.0, "expiration_timestamp": 1656057600000},
    _COMMON | {"instrument_name": "BTC_USDC", "kind": "spot", "quote_currency": "USDC", "is_active": False},
    _COMMON | {"instrument_name": "BTC-FS-30SEP22_PERP", "kind": "future_combo", "quote_currency": "USD"},
]
_ASKED = (
    "/api/v2/public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL"
    "&start_seq=20944815&end_seq=20945814&count=1000&sorting=asc"
)

SAMPLES = {
    "deribit": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"BTC_USDC-{number}JUN27-{number}000-C",
        spelled={
            " btc-perpetual ": "BTC-PERPETUAL",
            "BTC-24DEC21-8000-P": "BTC-24DEC21-8000-P",
            "xrp_usdc-30jun26-0d5-c": "XRP_USDC-30JUN26-0d5-C",
        },
        recorded=["BTC-PERPETUAL", "BTC-27MAR26-100000-C", "BTC-FS-27MAR26_PERP", "BTC_USDC"],
        chains=[
            Chain([trade(1), trade(2), trade(3), trade(4)], 2, (2, 4, 1)),
            Chain(
                [SNAPSHOT, change(0, 9), change(9, 11), change(11, 30)], 2, (_FIRST + 9, _FIRST + 12, None)
            ),
        ],
        limits=Limits(
            request_streams=500,
            request_bytes=32_767,
            interval=0.4,
            silence=30.0,
            spread=[(["book", "trades", "quote", "ticker"], 400, [500, 500, 500, 100])],
        ),
        connects=[
            Connects(
                [("book", "A"), ("trades", "A"), ("quote", "A"), ("ticker", "A")],
                [
                    asking(1, "set_heartbeat", interval=10),
                    asking(
                        2,
                        "subscribe",
                        channels=["book.A.100ms", "trades.A.100ms", "quote.A", "ticker.A.100ms"],
                    ),
                ],
            )
        ],
        urls={"ws://127.0.0.1:9": ["ws://127.0.0.1:9/ws/api/v2"]},
        resubscribes={
            ("book", "BTC-PERPETUAL"): [
                asking(0, "unsubscribe", channels=["book.BTC-PERPETUAL.100ms"]),
                asking(0, "subscribe", channels=["book.BTC-PERPETUAL.100ms"]),
            ]
        },
        backfills=[
            backfill(
                "trades",
                _PERP,
                json.dumps({"jsonrpc": "2.0", "result": _ANSWER}).encode(),
                *_TRADED,
                ids=(20944815, 20944816),
            ),
            backfill("trades", "A", b'{"jsonrpc":"2.0","result":{"trades":[],"has_more":false}}'),
        ],
        backfills_refused=[
            ("trades", "A", b'{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params"}}')
        ],
        backfill_asked=[(("trades", _PERP, 20944815, 20946000, 0, 1), (_ASKED, 1))],
        lists=[
            Listed(
                json.dumps({"result": _LISTED}).encode(),
                (
                    Instrument("BTC-PERPETUAL", "BTC", "USD", "perpetual", 0.5, 10.0, 10.0),
                    Instrument(
                        "BTC-24JUN22-52000-P", "BTC", "USD", "option", 0.0005, 0.1, 1.0, 1656057600000 * MS
                    ),
                    Instrument("BTC_USDC", "BTC", "USDC", "spot", None, 10.0, 10.0, None, False),
                    Instrument("BTC-FS-30SEP22_PERP", "BTC", "USD", "future", None, 10.0, 10.0),
                ),
            )
        ],
        lists_asked=[("/api/v2/public/get_instruments?currency=any&expired=false", 60)],
        listing=Listing(
            lambda entries: {"result": entries},
            {
                "instrument_name": "BTC-PERPETUAL",
                "kind": "future",
                "base_currency": "BTC",
                "quote_currency": "USD",
            },
            "BTC-PERPETUAL",
        ),
        quote=quoted,
    )
}
