"""Coinbase Advanced Trade: messages of December 2025 to September 2026.

Ticker and snapshot are those of the documentation.
"""

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

from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

# As they came from December 2025 to September 2026; the ticker and the snapshot are the documentation's.
TRADE = (
    b'{"channel":"market_trades","client_id":"","timestamp":"2025-12-31T06:00:12.516946132Z",'
    b'"sequence_num":1851,"events":[{"type":"update","trades":[{"product_id":"BTC-USD",'
    b'"trade_id":"929248657","price":"88355.59","size":"0.00136573","time":"2025-12-31T06:00:12.44524Z",'
    b'"side":"SELL"}]}]}'
)
TRADES = (
    b'{"channel":"market_trades","client_id":"","timestamp":"2026-09-30T01:41:27.834Z","sequence_num":5,'
    b'"events":[{"type":"update","trades":[{"product_id":"ETH-USD","trade_id":"846149799","price":"2668.36",'
    b'"size":"1","time":"2026-09-30T01:41:25.375232Z","side":"BUY"},{"product_id":"ETH-USD",'
    b'"trade_id":"846149798","price":"2668.35","size":"0.03710506","time":"2026-09-30T01:41:25.375232Z",'
    b'"side":"SELL"}]}]}'
)
UPDATE = (
    b'{"channel":"l2_data","timestamp":"2026-03-05T09:05:32.483569449Z","sequence_num":229,'
    b'"events":[{"type":"update","product_id":"BIP-20DEC30-CDE","updates":['
    b'{"side":"bid","event_time":"2026-03-05T09:05:32.449176Z","price_level":"72575","new_quantity":"0"},'
    b'{"side":"bid","event_time":"2026-03-05T09:05:32.449176Z","price_level":"72570","new_quantity":"68"},'
    b'{"side":"offer","event_time":"2026-03-05T09:05:32.449176Z","price_level":"72580","new_quantity":"13"}]}]}'
)
SNAPSHOT = (
    b'{"channel":"l2_data","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":0,'
    b'"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid",'
    b'"event_time":"1970-01-01T00:00:00Z","price_level":"21921.74","new_quantity":"0.06317902"},'
    b'{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.3","new_quantity":"0.02"}]}]}'
)
TICKER = (
    b'{"channel":"ticker","client_id":"","timestamp":"2023-02-09T20:30:37.167359596Z","sequence_num":0,'
    b'"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"21932.98",'
    b'"volume_24_h":"16038.28770938","low_24_h":"21835.29","high_24_h":"23011.18","low_52_w":"15460",'
    b'"high_52_w":"48240","price_percent_chg_24_h":"-4.15775596190603","best_bid":"21931.98",'
    b'"best_bid_quantity":"8000.21","best_ask":"21933.98","best_ask_quantity":"8038.07770938"}]}]}'
)
EMPTY_TICKER = (
    b'{"channel":"ticker","client_id":"","timestamp":"2024-05-24T18:22:24.546809523Z","sequence_num":1,'
    b'"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"","price":"","volume_24_h":"",'
    b'"low_24_h":"","high_24_h":"","low_52_w":"","high_52_w":"","price_percent_chg_24_h":""}]}]}'
)
HEARTBEAT = (
    b'{"channel":"heartbeats","client_id":"","timestamp":"2026-09-30T02:37:15.057895263Z","sequence_num":3,'
    b'"events":[{"current_time":"2026-09-30 02:37:15.057778606 +0000 UTC m=+21697.195984854",'
    b'"heartbeat_counter":21697}]}'
)
SUBSCRIBED = (
    b'{"channel":"subscriptions","client_id":"","timestamp":"2026-09-30T02:37:14.08981798Z","sequence_num":1,'
    b'"events":[{"subscriptions":{"level2":["BTC-USD","ETH-USD"],"heartbeats":["heartbeats"]}}]}'
)
REST_TRADES = (
    b'{"trades":[{"trade_id":"10092329","product_id":"BTC-USDT","price":"17488.2","size":"0.5",'
    b'"time":"2023-01-11T00:52:38.1Z","side":"SELL","bid":"","ask":""},'
    b'{"trade_id":"10092327","product_id":"BTC-USDT","price":"17488.12","size":"0.0000623",'
    b'"time":"2023-01-11T00:52:37.557001Z","side":"BUY","bid":"","ask":""}],"best_bid":"1","best_ask":"2"}'
)
PRODUCTS = (
    b'{"products":[{"product_id":"BTC-USD","price":"67060","base_increment":"0.00000001",'
    b'"quote_increment":"0.01","is_disabled":false,"trading_disabled":false,"product_type":"SPOT",'
    b'"quote_currency_id":"USD","base_currency_id":"BTC","alias":"","alias_to":["BTC-USDC"],'
    b'"price_increment":"0.01","display_name":"BTC-USD","product_exchange":"CBE"},'
    b'{"product_id":"BTC-USDC","base_increment":"0.00000001","product_type":"SPOT",'
    b'"quote_currency_id":"USDC","base_currency_id":"BTC","alias":"BTC-USD","price_increment":"0.01"},'
    b'{"product_id":"BIT-26APR24-CDE","base_increment":"1","trading_disabled":true,"product_type":"FUTURE",'
    b'"quote_currency_id":"USD","base_currency_id":"","alias":"","price_increment":"5",'
    b'"display_name":"BTC 26 APR 24","future_product_details":{"venue":"cde","contract_code":"BIT",'
    b'"contract_expiry":"2024-04-26T15:00:00Z","contract_size":"0.01","contract_root_unit":"BTC",'
    b'"contract_expiry_type":"EXPIRING"}},'
    b'{"product_id":"ETH-PERP-INTX","base_increment":"0.0001","product_type":"FUTURE",'
    b'"quote_currency_id":"USDC","base_currency_id":"","alias":"","price_increment":"0.01",'
    b'"display_name":"ETH PERP","future_product_details":{"contract_code":"ETH","contract_expiry":null,'
    b'"contract_size":"1","contract_root_unit":"ETH","contract_expiry_type":"PERPETUAL"}}],'
    b'"num_products":4}'
)
SENT_NS = 1767160812445240000
TRADES_NS = 1790732485375232000


def _made(*ids: tuple[str, int]) -> list[dict[str, str]]:
    return [
        {"product_id": product, "trade_id": str(number), "price": "1", "size": "2", "side": "BUY", "time": ""}
        for product, number in ids
    ]


_EVENTS = [
    {"type": "snapshot", "trades": _made(("A-B", 9), ("C-D", 4))},
    {"type": "update", "trades": _made(("A-B", 6), ("A-B", 5))},
]
_UPDATED, _BOOK_SENT, _TICKED = 1772701532483569449, 1675974770714964855, 1675974637167359596
_BIP = BookUpdate("BIP-20DEC30-CDE", _UPDATED, False, [(72575.0, 0.0), (72570.0, 68.0)], [(72580.0, 13.0)])

MESSAGES = [
    data(
        TRADE,
        "market_trades",
        Trade("BTC-USD", SENT_NS, "929248657", "buy", 88355.59, 0.00136573),
        ids=929248657,
        frame=1851,
    ),
    data(  # they come newest first and are told oldest first
        TRADES,
        "market_trades",
        Trade("ETH-USD", TRADES_NS, "846149798", "buy", 2668.35, 0.03710506),
        Trade("ETH-USD", TRADES_NS, "846149799", "sell", 2668.36, 1.0),
        ids=(846149798, 846149799),
        frame=5,
    ),
    data(  # trades that are not consecutive, and of two products
        json.dumps({"channel": "market_trades", "sequence_num": 3, "events": _EVENTS}).encode(),
        "market_trades",
        *(
            Trade(product, None, number, "sell", 1.0, 2.0)
            for product, number in (("C-D", "4"), ("A-B", "5"), ("A-B", "6"), ("A-B", "9"))
        ),
        symbol="A-B",
        ids=(5, 6),
        frame=3,
        more=[part("A-B", 9), part("C-D", 4)],
    ),
    data(UPDATE, "level2", _BIP, frame=229),
    data(UPDATE.replace(b'"offer"', b'"ask"'), "level2", _BIP, frame=229),
    data(  # the books of two products in one message
        UPDATE[:-2] + b',{"type":"snapshot","product_id":"A-B","updates":[]}]}',
        "level2",
        _BIP,
        BookUpdate("A-B", _UPDATED, True, [], []),
        frame=229,
        more=[part("A-B", snapshot=True)],
    ),
    data(
        SNAPSHOT,
        "level2",
        BookUpdate("BTC-USD", _BOOK_SENT, True, [(21921.74, 0.06317902), (21921.3, 0.02)], []),
        frame=0,
        snapshot=True,
    ),
    data(TICKER, "ticker", Quote("BTC-USD", _TICKED, 21931.98, 8000.21, 21933.98, 8038.07770938), frame=0),
    data(
        TICKER.replace(b'"best_bid":"21931.98","best_bid_quantity":"8000.21"', b'"best_bid":""'),
        "ticker",
        Quote("BTC-USD", _TICKED, None, None, 21933.98, 8038.07770938),
        frame=0,
    ),
    # what says nothing of a product still counts as a frame
    heartbeat(HEARTBEAT, frame=3),
    heartbeat(EMPTY_TICKER, frame=1),
    heartbeat(
        b'{"channel":"market_trades","sequence_num":7,"events":[{"type":"snapshot","trades":[]}]}', frame=7
    ),
    reply(SUBSCRIBED, ("level2", "BTC-USD"), ("level2", "ETH-USD"), frame=1),
    reply(b'{"type":"error","message":"failure to subscribe"}', error="failure to subscribe"),
    unknown(b'{"channel":"candles","sequence_num":4,"events":[{"type":"update","candles":[]}]}', frame=4),
    unknown(b'{"channel":"user","events":[{"orders":[]}]}'),
    malformed(b'{"channel":"l2_data","sequence_num":5,"events":[{"type":"update"}]}'),
    malformed(b'{"channel":"market_trades","events":[{"trades":[{"trade_id":"x"}]}]}'),
    malformed(b'{"channel":"ticker","sequence_num":"z"}'),
    malformed(b'{"channel":"l2_data","events":' + b"[" * 100_000),
]


def quoted(bid: list[str], ask: list[str]) -> object:
    ticker = {"product_id": "A-B", "best_bid": bid[0], "best_bid_quantity": bid[1]}
    ticker |= {"best_ask": ask[0], "best_ask_quantity": ask[1]}
    return {"channel": "ticker", "sequence_num": 1, "events": [{"type": "update", "tickers": [ticker]}]}


_BEGIN, _SECOND = 1_700_000_000 * 10**9, 10**9
_PATH = "/api/v3/brokerage/market/products/BTC-USD/ticker"
_ASKED = [("heartbeats", None), ("level2", "BTC-USD")]

SAMPLES = {
    "coinbase": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"P{number}-USD",
        # USDC is another name of the dollar's book, but for two
        spelled={
            "btc-usd": "BTC-USD",
            " BTC-USDC ": "BTC-USD",
            "USDT-USDC": "USDT-USDC",
            "EURC-USDC": "EURC-USDC",
            "ETH-PERP-INTX": "ETH-PERP-INTX",
        },
        recorded=["BTC-USD", "BTC-PERP-INTX", "BIP-20DEC30-CDE"],
        lossy=["ticker"],
        chains=[
            Chain(
                [TRADE.replace(b"929248657", b"%d" % (929248657 + at)) for at in range(4)],
                2,
                (929248658, 929248660, 1),
            )
        ],
        limits=Limits(
            streams=100,
            channel_streams={"level2": 8},
            messages_per_second=8,
            silence=10.0,
            spread=[(["level2", "ticker", "market_trades"], 120, [100, 100, 40, *[8] * 15])],
        ),
        connects=[
            Connects(
                [("level2", "BTC-USD")],
                [
                    {"type": "subscribe", "channel": "heartbeats"},
                    {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "level2"},
                ],
            )
        ],
        urls={"ws://127.0.0.1:5": ["ws://127.0.0.1:5"] * 2},
        resubscribes={
            ("level2", "BTC-USD"): [
                {"type": "unsubscribe", "product_ids": ["BTC-USD"], "channel": "level2"},
                {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "level2"},
            ]
        },
        backfills=[
            backfill(
                "market_trades",
                "BTC-USDT",
                REST_TRADES,
                Trade("BTC-USDT", 1673398357557001000, "10092327", "sell", 17488.12, 0.0000623),
                Trade("BTC-USDT", 1673398358100000000, "10092329", "buy", 17488.2, 0.5),
                ids=10092327,
                more=[10092329],
            ),
            backfill("market_trades", "BTC-USDT", b'{"trades":[],"best_bid":""}'),
        ],
        backfills_refused=[
            ("market_trades", "BTC-USDT", b'{"error":"unknown","error_details":"","message":""}'),
            ("market_trades", "BTC-USD", REST_TRADES),  # trades of another product fill no gap
        ],
        backfill_asked=[
            (
                ("market_trades", "BTC-USD", 1, 36_000, _BEGIN, _BEGIN + 3600 * _SECOND),
                (f"{_PATH}?limit=1000&start=1699999999&end=1700003602", 1),
            ),
            (
                ("market_trades", "BTC-USD", 1, 9, _BEGIN + _SECOND // 2, _BEGIN + 3 * _SECOND // 2),
                (f"{_PATH}?limit=1000&start=1699999999&end=1700000003", 1),
            ),
        ],
        lists=[
            Listed(
                PRODUCTS,
                (
                    Instrument("BTC-USD", "BTC", "USD", "spot", 0.01, 1e-8),
                    Instrument(
                        *(
                            "BIT-26APR24-CDE",
                            "BTC",
                            "USD",
                            "future",
                            5.0,
                            1.0,
                            0.01,
                            1714143600000000000,
                            False,
                        )
                    ),
                    Instrument("ETH-PERP-INTX", "ETH", "USDC", "perpetual", 0.01, 0.0001, 1.0),
                ),
            )
        ],
        lists_asked=[
            (f"/api/v3/brokerage/market/products?product_type={kind}", 1) for kind in ("SPOT", "FUTURE")
        ],
        listing=Listing(lambda entries: {"products": entries}, {"product_id": "BTC-USD"}, "BTC-USD"),
        quote=quoted,
    )
}
