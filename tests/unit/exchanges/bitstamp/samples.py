"""Bitstamp: messages of 2022 to 2026, and answers of the documentation."""

from __future__ import annotations

import json
from typing import Any

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
    reply,
    snapshot,
    unknown,
)

from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, OrderEvent, Trade

US = 1_000
SECOND = 10**9
TRADE = (
    b'{"data":{"id":216000477,"timestamp":"1641343699","amount":0.0792,"amount_str":"0.07920000",'
    b'"price":3805.44,"price_str":"3805.44","type":0,"microtimestamp":"1641343699596000",'
    b'"buy_order_id":1443875737346049,"sell_order_id":1443875731320832},"channel":"live_trades_ethusd",'
    b'"event":"trade"}'
)
DIFF = (
    b'{"data":{"timestamp":"1641343691","microtimestamp":"1641343691310202","bids":[["1.15979","993.02588113"]],'
    b'"asks":[["1.17438","853.01809477"],["1.17484","0.00000000"]]},"channel":"diff_order_book_adaeur",'
    b'"event":"data"}'
)
SNAPSHOT = (
    b'{"timestamp": "1641343695", "microtimestamp": "1641343695572693", "bids": '
    b'[["0.14695", "4567.41344936"], ["0.14676", "1498.00684013"]], "asks": [["0.14700", "3.5"]]}'
)
# Three events of btcusd that follow each other, as they came.
ORDERS = (
    b'{"data":{"id":2046839978799111,"id_str":"2046839978799111","order_type":0,"order_subtype":5,'
    b'"datetime":"1788551766","microtimestamp":"1788551766357000","amount":0.00137276,'
    b'"amount_str":"0.00137276","amount_traded":"0","amount_at_create":"0.00137276","price":71743.85,'
    b'"price_str":"71743.85","is_liquidation":false},"channel":"live_orders_btcusd","event":"order_created",'
    b'"event_id":"00065aad-a8b2-3408-0000-000102000020","pre_event_id":"00065aad-a8b2-14c8-0000-000101000020",'
    b'"order_source":"orderbook"}',
    b'{"data":{"id":2046839978831872,"id_str":"2046839978831872","order_type":1,"order_subtype":5,'
    b'"datetime":"1788551766","microtimestamp":"1788551766364000","amount":0.18816587,'
    b'"amount_str":"0.18816587","amount_traded":"0","amount_at_create":"0.18816587","price":79728.11,'
    b'"price_str":"79728.11","is_liquidation":false},"channel":"live_orders_btcusd","event":"order_created",'
    b'"event_id":"00065aad-a8b2-4f60-0000-000103000020","pre_event_id":"00065aad-a8b2-3408-0000-000102000020",'
    b'"order_source":"orderbook"}',
    b'{"data":{"id":2046839978139649,"id_str":"2046839978139649","order_type":0,"order_subtype":5,'
    b'"datetime":"1788551766","microtimestamp":"1788551766365000","amount":0.00137276,'
    b'"amount_str":"0.00137276","amount_traded":"0","amount_at_create":"0.00137276","price":71743.85,'
    b'"price_str":"71743.85","is_liquidation":false},"channel":"live_orders_btcusd","event":"order_deleted",'
    b'"event_id":"00065aad-a8b2-5348-0000-000100000020","pre_event_id":"00065aad-a8b2-4f60-0000-000103000020",'
    b'"order_source":"orderbook"}',
)
# Two events of one millisecond.
SAME_TIME = (
    b'{"data":{"id":1994262360649728,"id_str":"1994262360649728","order_type":0,"order_subtype":5,'
    b'"datetime":"1775715434","microtimestamp":"1775715433800000","amount":0.045,"amount_str":"0.04500000",'
    b'"amount_traded":"0","amount_at_create":"0.04500000","price":71009,"price_str":"71009",'
    b'"is_liquidation":false},"channel":"live_orders_btcusd","event":"order_deleted",'
    b'"event_id":"00064f00-f7a7-6140-0001-000103000020","pre_event_id":"00064f00-f7a7-6140-0000-000102000020",'
    b'"order_source":"orderbook"}'
)
FUNDING = (
    b'{"data":{"market":"btcusd-perp","mark_price":"77291.94844771","index_price":"77276.264",'
    b'"funding_rate":"-0.00013","timestamp":"1789455924","next_funding_time":"1789459200"},'
    b'"channel":"funding_rate_btcusd-perp","event":"funding_rate_saved"}'
)
HEARTBEAT = b'{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}'
RECONNECT = b'{"event":"bts:request_reconnect","channel":"","data":""}'
FILLS = (
    b'[{"date":"1551814435","tid":"83581898","price":"0.03532850","type":"1","amount":"0.85945907"},'
    b'{"date":"1551814434","tid":"83581896","price":"0.03532851","type":"0","amount":"11.34130961"}]'
)


def order(number: int, previous: int) -> bytes:
    """An event at so many microseconds after a time."""

    def event_id(at: int) -> bytes:
        digits = f"{1788551766357000 + at:016x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}-0000-000101000020".encode()

    message = ORDERS[0].replace(b"00065aad-a8b2-3408-0000-000102000020", event_id(number))
    return message.replace(b"00065aad-a8b2-14c8-0000-000101000020", event_id(previous))


_DIFF_AT, _BOOK_AT, _ORDERS_AT = 1641343691310202, 1641343695572693, 1788551766357000
_LEVELS = ([(1.15979, 993.02588113)], [(1.17438, 853.01809477), (1.17484, 0.0)])


def number(us: int, count: int = 0) -> int:
    """What an event's id becomes: microseconds since 2020 and a count within one."""
    return ((us - 1_577_836_800_000_000) << 12) + count


_FIRST, _SECOND, _THIRD = (number(_ORDERS_AT + us) for us in (0, 7000, 8000))
_CREATED = ("btcusd", _ORDERS_AT * US, "2046839978799111", "created", "bid", 71743.85, 0.00137276)
_BEFORE = number(_ORDERS_AT - 8000)
_OWN, _PREVIOUS = b"00065aad-a8b2-3408-0000-000102000020", b"00065aad-a8b2-14c8-0000-000101000020"
_SAME = number(1775715433800000)

MESSAGES = [
    *(
        data(
            TRADE.replace(b'"type":0', b'"type":%s' % kind),
            "live_trades",
            Trade("ethusd", 1641343699596000 * US, "216000477", side, 3805.44, 0.0792),
        )
        for kind, side in ((b"0", "buy"), (b"1", "sell"))
    ),
    data(
        DIFF,
        "diff_order_book",
        BookUpdate("adaeur", _DIFF_AT * US, False, *_LEVELS, _DIFF_AT, _DIFF_AT),
        ids=_DIFF_AT,
    ),
    *(  # what is no time is none
        data(
            DIFF.replace(b"1641343691310202", time).replace(b"1641343691", b""),
            "diff_order_book",
            BookUpdate("adaeur", None, False, *_LEVELS),
        )
        for time in (b"0", b"", b"x", b"-5", b"9999999999999999", b"\xef\xbc\x91")
    ),
    data(ORDERS[0], "live_orders", OrderEvent(*_CREATED, _FIRST), ids=(_BEFORE + 1, _FIRST, _BEFORE)),
    data(
        ORDERS[0].replace(b"order_created", b"order_changed"),
        "live_orders",
        OrderEvent(*_CREATED[:3], "changed", *_CREATED[4:], _FIRST),
        ids=(_BEFORE + 1, _FIRST, _BEFORE),
    ),
    data(
        ORDERS[1],
        "live_orders",
        OrderEvent(
            *("btcusd", 1788551766364000 * US, "2046839978831872", "created", "ask"),
            *(79728.11, 0.18816587, _SECOND),
        ),
        ids=(_FIRST + 1, _SECOND, _FIRST),
    ),
    data(
        ORDERS[2],
        "live_orders",
        OrderEvent(
            *("btcusd", 1788551766365000 * US, "2046839978139649", "deleted", "bid"),
            *(71743.85, 0.00137276, _THIRD),
        ),
        ids=(_SECOND + 1, _THIRD, _SECOND),
    ),
    data(  # two events of one millisecond
        SAME_TIME,
        "live_orders",
        OrderEvent(
            *(
                "btcusd",
                1775715433800000 * US,
                "1994262360649728",
                "deleted",
                "bid",
                71009.0,
                0.045,
                _SAME + 1,
            )
        ),
        ids=(_SAME + 1, _SAME + 1, _SAME),
    ),
    *(  # an event whose link cannot be read is kept and proves nothing
        data(ORDERS[0].replace(*damage), "live_orders", OrderEvent(*_CREATED, None))
        for damage in (
            (_OWN, b"12345"),
            (_OWN, b"ffffffff-ffff-ffff-0000-000102000020"),
            (_OWN, b"00065aad-a8b2-3408-1000-000102000020"),
            (_PREVIOUS, b"zzzzzzzz-a8b2-14c8-0000-000101000020"),
            (b'"pre_event_id"', b'"some_event_id"'),
        )
    ),
    data(
        FUNDING,
        "funding_rate",
        DerivativeTicker(
            *("btcusd-perp", 1789455924 * SECOND),
            funding_timestamp=1789459200 * SECOND,
            funding_rate=-0.00013,
            index_price=77276.264,
            mark_price=77291.94844771,
        ),
    ),
    heartbeat(HEARTBEAT),
    notice(RECONNECT),
    reply(
        b'{"event":"bts:subscription_succeeded","channel":"diff_order_book_sgbeur","data":{}}',
        ("diff_order_book", "sgbeur"),
    ),
    reply(b'{"event":"bts:unsubscription_succeeded","channel":"diff_order_book_sgbeur","data":{}}'),
    reply(
        b'{"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}}',
        error="Bad subscription string.",
    ),
    reply(
        b'{"event":"bts:error","channel":"live_trades_x","data":{"code":4009,"message":"Incorrect data."}}',
        ("live_trades", "x"),
        error="Incorrect data. (code 4009)",
    ),
    unknown(TRADE.replace(b"live_trades_ethusd", b"my_trades_ethusd")),
    unknown(DIFF.replace(b"diff_order_book", b"order_book")),
    unknown(TRADE.replace(b"live_trades_ethusd", b"live_orders_ethusd")),
    unknown(b'{"event":"news","channel":"","data":{}}'),
    unknown(b'{"event":5}'),
    malformed(b'{"event":"trade","channel":"live_trades_a","data":""}'),
    malformed(b'{"event":"trade","channel":"live_trades_a","data":[]}'),
]


def traded(date: int) -> dict[str, Any]:
    return {"date": str(date), "tid": date, "price": "1", "type": 0, "amount": "1"}


_LONG = json.dumps([traded(1551814435), traded(1551814435 - 3601)]).encode()
_SPOT = {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "base_decimals": 8} | {
    "counter_currency": "USD",
    "counter_decimals": 2,
    "minimum_order_value": "10",
    "trading": "Enabled",
    "market_type": "SPOT",
}
_PERPETUAL = _SPOT | {
    "market_symbol": "btcusd-perp",
    "market_type": "PERPETUAL",
    "base_decimals": 5,
    "counter_decimals": 0,
    "contract_size": "1.00000000",
    "trading": "Disabled",
}
_MINUTE = 60 * SECOND

SAMPLES = {
    "bitstamp": Samples(
        messages=MESSAGES,
        symbols=lambda number: f"s{number}usd",
        spelled={" BTCUSD-perp ": "btcusd-perp"},
        recorded=["btcusd", "btcusd-perp"],
        lossy=["live_orders"],
        chains=[
            Chain(
                [order(7, 0), order(8, 7), order(30, 8), order(31, 30)],
                2,
                (number(_ORDERS_AT + 8), number(_ORDERS_AT + 30) + 1, None),
            )
        ],
        limits=Limits(
            streams=100,
            request_streams=1,
            silence=60.0,
            keepalive={"event": "bts:heartbeat"},
            keepalive_below=30,
            spread=[(["live_orders"], 150, [100, 50])],
        ),
        connects=[
            Connects(
                [("live_orders", "s7usd")],
                [{"event": "bts:subscribe", "data": {"channel": "live_orders_s7usd"}}],
                url="ws://127.0.0.1:9/path",
                connects="ws://127.0.0.1:9/path",
            )
        ],
        snapshots=[
            snapshot(
                "sgbeur",
                SNAPSHOT,
                "diff_order_book",
                BookUpdate(
                    *("sgbeur", _BOOK_AT * US, True, [(0.14695, 4567.41344936), (0.14676, 1498.00684013)]),
                    *([(0.147, 3.5)], _BOOK_AT, _BOOK_AT),
                ),
                ids=_BOOK_AT,
            )
        ],
        snapshots_refused=[("sgbeur", b'{"code":"API0011","message":"Not found"}')],
        snapshot_asked={"sgbeur": ("/api/v2/order_book/sgbeur/?group=1", 1)},
        backfills=[
            backfill(
                "live_trades",
                "ethbtc",
                FILLS,
                Trade("ethbtc", 1551814434 * SECOND, "83581896", "buy", 0.03532851, 11.34130961),
                Trade("ethbtc", 1551814435 * SECOND, "83581898", "sell", 0.0353285, 0.85945907),
            ),
            backfill(  # an answer of more than an hour holds one day
                "live_trades",
                "a",
                _LONG,
                *(
                    Trade("a", at * SECOND, str(at), "buy", 1.0, 1.0)
                    for at in (1551814435 - 3601, 1551814435)
                ),
                complete_from=(1551814435 - 86_400) * SECOND,
            ),
            backfill("live_trades", "a", b"[]"),
        ],
        backfills_refused=[
            ("live_trades", "a", body)
            for body in (b"{}", b"[{}]", b'{"code":"API0011","message":"Not found"}')
        ],
        backfill_asked=[  # by the hour or by the day
            (
                ("live_trades", "btcusd", None, None, 0, minutes * _MINUTE),
                (f"/api/v2/transactions/btcusd/?time={time}", 1),
            )
            for minutes, time in ((30, "hour"), (31, "day"))
        ],
        lists=[
            Listed(
                json.dumps([_SPOT, _PERPETUAL]).encode(),
                (
                    Instrument("btcusd", "BTC", "USD", "spot", 0.01, 1e-8),
                    Instrument("btcusd-perp", "BTC", "USD", "perpetual", 1.0, 1e-5, 1.0, None, False),
                ),
            )
        ],
        lists_asked=[("/api/v2/markets/", 1)],
        listing=Listing(
            lambda entries: entries,
            {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "counter_currency": "USD"},
            "btcusd",
        ),
    )
}
