"""Coinbase Exchange: messages of 2021 and of the documentation."""

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
    reply,
    unknown,
    unreadable,
)

from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

MATCH = (
    b'{"type":"match","trade_id":280232,"maker_order_id":"2a0da34e","taker_order_id":"3c82abaa","side":"sell",'
    b'"size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,'
    b'"time":"2021-04-17T16:43:37.089723Z"}'
)
UPDATE = (
    b'{"type":"l2update","product_id":"SKL-BTC","changes":[["sell","0.00001306","660.5"],["buy","0.000013","0"]],'
    b'"time":"2021-04-17T16:43:37.075687Z"}'
)
TICKER = (
    b'{"type":"ticker","sequence":333938798,"product_id":"BAND-GBP","price":"14.7775","best_bid":"14.7550",'
    b'"best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":881613,"last_size":"0.04"}'
)
HEARTBEAT = (
    b'{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD",'
    b'"time":"2014-11-07T08:19:28.464459Z"}'
)
SNAPSHOT = (
    b'{"type":"snapshot","product_id":"A-B","asks":[["14.8","12.77"]],"bids":[["14.7","0.5"],["14.6","1"]]}'
)
MATCH_NS = 1618677817089723000
UPDATE_NS = 1618677817075687000
MISSED = (
    b'[{"time":"2014-11-07T22:19:28.578544Z","trade_id":74,"price":"10.00000000","size":"0.01000000",'
    b'"side":"buy"},{"time":"2014-11-07T01:08:43.642366Z","trade_id":73,"price":"100.00000000",'
    b'"size":"0.01000000","side":"sell"}]'
)
PRODUCTS = (
    b'[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01",'
    b'"base_increment":"0.00000001","display_name":"BTC-USD","min_market_funds":"1","status":"online",'
    b'"trading_disabled":false},{"id":"OLD-USD","base_currency":"OLD","quote_currency":"USD",'
    b'"quote_increment":"0.0001","base_increment":"1","status":"delisted","trading_disabled":true}]'
)

_TICKED = 1618677810244075000
_TRADED = Trade("SKL-BTC", MATCH_NS, "280232", "buy", 0.00001305, 985.0)
_UNREADABLE = b'{"type":"snapshot","product_id":"A-B","bids":[["1","0.-1"]],"asks":[["x","1"]]}'


def served(name: str) -> bytes:
    """A confirmation, in which the exchange may call the book otherwise than it was asked for."""
    channels = [{"name": name, "product_ids": ["A-B", "C-D"], "account_ids": None}, {"name": "status"}]
    return json.dumps({"type": "subscriptions", "channels": channels}).encode()


MESSAGES = [
    data(MATCH, "matches", _TRADED, ids=280232),
    data(MATCH.replace(b'"match"', b'"last_match"'), "matches", _TRADED, ids=280232),
    data(  # the year one is no time
        MATCH.replace(b"2021-04-17T16:43:37.089723Z", b"0001-01-01T00:00:00.000000Z"),
        "matches",
        Trade("SKL-BTC", None, "280232", "buy", 0.00001305, 985.0),
        ids=280232,
    ),
    data(
        UPDATE,
        "level2_batch",
        BookUpdate("SKL-BTC", UPDATE_NS, False, [(0.000013, 0.0)], [(0.00001306, 660.5)]),
    ),
    data(
        SNAPSHOT, "level2_batch", BookUpdate("A-B", None, True, [(14.7, 0.5), (14.6, 1.0)], [(14.8, 12.77)])
    ),
    data(  # impossible levels do not cost the snapshot
        SNAPSHOT.replace(b'["14.6","1"]', b'["14.6","0.-10000"],["14.5","-3"],["14.4","2"]'),
        "level2_batch",
        BookUpdate("A-B", None, True, [(14.7, 0.5), (14.4, 2.0)], [(14.8, 12.77)]),
    ),
    # a snapshot of which no level can be read is no empty book
    unreadable(_UNREADABLE, "level2_batch", "A-B"),
    data(
        _UNREADABLE.replace(b'["1","0.-1"]', b"").replace(b'["x","1"]', b""),
        "level2_batch",
        BookUpdate("A-B", None, True, [], []),
    ),
    data(TICKER, "ticker", Quote("BAND-GBP", _TICKED, 14.755, None, 14.806, None, 333938798), ids=333938798),
    data(
        TICKER.replace(b'"side"', b'"best_bid_size":"0.00","best_ask_size":"2.5","side"'),
        "ticker",
        Quote("BAND-GBP", _TICKED, None, None, 14.806, 2.5, 333938798),
        ids=333938798,
    ),
    *(
        data(
            TICKER.replace(b'"14.7550"', nothing),
            "ticker",
            Quote("BAND-GBP", _TICKED, None, None, 14.806, None, 333938798),
            ids=333938798,
        )
        for nothing in (b'"0.00"', b'""')
    ),
    data(b'{"type":"status","products":[],"currencies":[]}', "status"),
    heartbeat(HEARTBEAT, "heartbeat", "BTC-USD", announces=("matches", 20), at=1415348368464459000),
    *(
        reply(served(name), ("level2_batch", "A-B"), ("level2_batch", "C-D"), ("status", ""))
        for name in ("level2", "level2_batch", "level2_50")
    ),
    reply(
        b'{"type":"error","message":"Failed to subscribe","reason":"level2 requires authentication."}',
        error="Failed to subscribe: level2 requires authentication.",
    ),
    unknown(b'{"type":"received","product_id":"A-B"}'),
    unknown(b'{"kind":1}'),
    malformed(b'{"type":"match","product_id":"A-B"}'),
    malformed(b'{"type":"match","trade_id":5}'),
    malformed(b'{"type":"match","trade_id":"x","product_id":"A-B"}'),
    malformed(b'{"type":"subscriptions","channels":5}'),
    malformed(b'{"type":"l2update","product_id":' + b"[" * 100_000),
]


def quoted(bid: list[str], ask: list[str]) -> object:
    sides = {"best_bid": bid[0], "best_bid_size": bid[1], "best_ask": ask[0], "best_ask_size": ask[1]}
    return {"type": "ticker", "product_id": "A-B", "sequence": 1, **sides}


SAMPLES = {
    "coinbase_exchange": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"P{number}-USD",
        spelled={" btc-usd ": "BTC-USD"},
        recorded=["BTC-USD"],
        refused=["BTC-PERP-INTX"],
        chains=[Chain([MATCH.replace(b"280232", b"%d" % number) for number in (5, 6, 7, 8)], 2, (6, 8, 1))],
        limits=Limits(spread=[(["status", "level2_batch", "matches"], 150, [201, 100])]),
        connects=[
            Connects(
                [("status", ""), ("level2_batch", "A-B"), ("matches", "A-B")],
                [
                    {"type": "subscribe", "channels": ["status"]},
                    {"type": "subscribe", "product_ids": ["A-B"], "channels": ["matches"]},
                    {"type": "subscribe", "product_ids": ["A-B"], "channels": ["level2_batch"]},
                ],
            )
        ],
        backfills=[
            backfill(
                "matches",
                "BTC-USD",
                MISSED,
                Trade("BTC-USD", 1415322523642366000, "73", "buy", 100.0, 0.01),
                Trade("BTC-USD", 1415398768578544000, "74", "sell", 10.0, 0.01),
                ids=(73, 74),
            ),
            backfill("matches", "BTC-USD", b"[]"),
        ],
        backfills_refused=[("matches", "BTC-USD", b'{"message":"NotFound"}')],
        backfill_asked=[
            (("matches", "BTC-USD", 7, 7, 1, 2), ("/products/BTC-USD/trades?after=8&limit=1", 1)),
            (("matches", "BTC-USD", 10, 19, 1, 2), ("/products/BTC-USD/trades?after=20&limit=10", 1)),
            (("matches", "BTC-USD", 1, 5000, 1, 2), ("/products/BTC-USD/trades?after=1001&limit=1000", 1)),
            (("matches", "BTC-USD", None, None, 1, 2), None),
        ],
        lists=[
            Listed(
                PRODUCTS,
                (
                    Instrument("BTC-USD", "BTC", "USD", "spot", tick=0.01, lot=0.00000001),
                    Instrument("OLD-USD", "OLD", "USD", "spot", tick=0.0001, lot=1.0, active=False),
                ),
            )
        ],
        lists_asked=[("/products", 1)],
        listing=Listing(
            lambda entries: entries,
            {"id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD", "status": "online"},
            "BTC-USD",
        ),
        quote=quoted,
    )
}
