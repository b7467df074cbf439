from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.bitstamp.exchange import Bitstamp
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Data,
    Heartbeat,
    Ids,
    Malformed,
    Missing,
    Notice,
    Reply,
    RestRequest,
    Subscription,
    Unknown,
)
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, OrderEvent, Row, Trade

EXCHANGE = Bitstamp()
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
REAL = [TRADE, DIFF, *ORDERS, SAME_TIME, FUNDING, HEARTBEAT, RECONNECT]


def rows(message: bytes) -> list[Row]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


def order(number: int, previous: int) -> bytes:
    """An event at so many microseconds after a time."""

    def event_id(at: int) -> bytes:
        digits = f"{1788551766357000 + at:016x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}-0000-000101000020".encode()

    message = ORDERS[0].replace(b"00065aad-a8b2-3408-0000-000102000020", event_id(number))
    return message.replace(b"00065aad-a8b2-14c8-0000-000101000020", event_id(previous))


@pytest.mark.parametrize(("kind", "side"), [(b"0", "buy"), (b"1", "sell")])
def test_a_trade_has_the_takers_side_and_no_number_that_proves(kind: bytes, side: str) -> None:
    message = TRADE.replace(b'"type":0', b'"type":%s' % kind)
    time = 1641343699596000 * US
    assert EXCHANGE.classify(message) == Data("live_trades", "ethusd", None, time)
    assert rows(message) == [Trade("ethusd", time, "216000477", side, 3805.44, 0.0792)]


def test_changes_and_the_book_over_rest_have_their_time_for_an_id_that_proves_nothing() -> None:
    time, at = 1641343691310202 * US, 1641343691310202
    assert EXCHANGE.classify(DIFF) == Data("diff_order_book", "adaeur", Ids(at, at), time)
    assert rows(DIFF) == [
        BookUpdate(
            *("adaeur", time, False, [(1.15979, 993.02588113)], [(1.17438, 853.01809477), (1.17484, 0.0)]),
            *(at, at),
        )
    ]
    header = EXCHANGE.classify_snapshot("sgbeur", SNAPSHOT)
    at = 1641343695572693
    assert header == Data("diff_order_book", "sgbeur", Ids(at, at), at * US)
    assert EXCHANGE.normalize(header, SNAPSHOT) == (
        BookUpdate(
            *("sgbeur", at * US, True),
            *([(0.14695, 4567.41344936), (0.14676, 1498.00684013)], [(0.147, 3.5)]),
            *(at, at),
        ),
    )
    request = EXCHANGE.snapshot_request("sgbeur")
    assert request == RestRequest("/api/v2/order_book/sgbeur/?group=1", weight=1)


@pytest.mark.parametrize("time", [b"0", b"", b"x", b"-5", b"9999999999999999", b"\xef\xbc\x91"])
def test_what_is_no_time_is_none(time: bytes) -> None:
    message = DIFF.replace(b"1641343691310202", time).replace(b"1641343691", b"")
    header = EXCHANGE.classify(message)
    assert (type(header), header.ids, header.exchange_ns) == (Data, None, None)


def test_the_same_change_over_another_connection_is_known_by_its_time() -> None:
    continuity = Continuity(EXCHANGE.channels)
    later = DIFF.replace(b"1641343691310202", b"1641343691310203")
    duplicates = [continuity.observe(EXCHANGE.classify(one), 0).duplicate for one in (DIFF, later, DIFF)]
    assert duplicates == [False, False, True]


def test_each_order_is_told_with_its_side_and_what_is_left_of_it() -> None:
    told = [row for message in ORDERS for row in rows(message)]
    numbers = [row.last_id for row in told if isinstance(row, OrderEvent)]
    assert numbers == sorted(numbers)
    times = [1788551766357000 * US, 1788551766364000 * US, 1788551766365000 * US]
    assert told == [
        OrderEvent(
            "btcusd", times[0], "2046839978799111", "created", "bid", 71743.85, 0.00137276, numbers[0]
        ),
        OrderEvent(
            "btcusd", times[1], "2046839978831872", "created", "ask", 79728.11, 0.18816587, numbers[1]
        ),
        OrderEvent(
            "btcusd", times[2], "2046839978139649", "deleted", "bid", 71743.85, 0.00137276, numbers[2]
        ),
    ]
    changed = ORDERS[0].replace(b"order_created", b"order_changed")
    assert [row.event for row in rows(changed) if isinstance(row, OrderEvent)] == ["changed"]


def test_events_of_orders_are_linked_by_numbers_made_of_their_time_and_their_count() -> None:
    headers = [EXCHANGE.classify(message) for message in ORDERS]
    ids = [header.ids for header in headers]
    assert all(each is not None for each in ids)
    assert [one.previous for one in ids[1:] if one] == [one.last for one in ids[:-1] if one]
    assert ids[0] is not None
    assert ids[0].last == (1788551766357000 - 1_577_836_800_000_000) << 12
    same = EXCHANGE.classify(SAME_TIME).ids
    assert same is not None
    assert same.previous is not None
    assert same.last == same.first == same.previous + 1


def test_a_lost_event_is_a_gap_of_unknown_size() -> None:
    continuity = Continuity(EXCHANGE.channels)
    chain = [(7, 0), (8, 7), (30, 8), (31, 30)]
    assert not any(continuity.observe(EXCHANGE.classify(order(*link)), 0).gap for link in chain)
    gap = continuity.observe(EXCHANGE.classify(order(50, 40)), 0).gap
    assert gap is not None
    assert (gap.channel, gap.symbol, gap.missing) == ("live_orders", "btcusd", None)
    assert continuity.observe(EXCHANGE.classify(order(30, 8)), 0).duplicate
    found = continuity.observe(EXCHANGE.classify(order(40, 31)), 0)
    assert not found.duplicate
    assert continuity.open_gaps("live_orders", "btcusd") == []


@pytest.mark.parametrize(
    "damage",
    [
        (b"00065aad-a8b2-3408-0000-000102000020", b"12345"),
        (b"00065aad-a8b2-3408-0000-000102000020", b"ffffffff-ffff-ffff-0000-000102000020"),
        (b"00065aad-a8b2-3408-0000-000102000020", b"00065aad-a8b2-3408-1000-000102000020"),
        (b"00065aad-a8b2-14c8-0000-000101000020", b"zzzzzzzz-a8b2-14c8-0000-000101000020"),
        (b'"pre_event_id"', b'"some_event_id"'),
    ],
)
def test_an_event_whose_link_cannot_be_read_is_kept_and_proves_nothing(damage: tuple[bytes, bytes]) -> None:
    message = ORDERS[0].replace(*damage)
    header = EXCHANGE.classify(message)
    assert (type(header), header.channel, header.ids) == (Data, "live_orders", None)
    (row,) = rows(message)
    assert isinstance(row, OrderEvent)
    assert row.last_id is None


def test_the_funding_of_a_perpetual_is_told_with_its_next_time() -> None:
    time = 1789455924 * SECOND
    assert EXCHANGE.classify(FUNDING) == Data("funding_rate", "btcusd-perp", None, time)
    assert rows(FUNDING) == [
        DerivativeTicker(
            "btcusd-perp",
            time,
            funding_timestamp=1789459200 * SECOND,
            funding_rate=-0.00013,
            index_price=77276.264,
            mark_price=77291.94844771,
        )
    ]


def test_the_exchange_asks_for_a_reconnect_and_answers_heartbeats() -> None:
    assert EXCHANGE.classify(RECONNECT) == Notice()
    assert EXCHANGE.classify(HEARTBEAT) == Heartbeat()


def test_replies_name_the_stream_and_errors_say_why() -> None:
    served = b'{"event":"bts:subscription_succeeded","channel":"diff_order_book_sgbeur","data":{}}'
    named = (Subscription("diff_order_book", "sgbeur"),)
    assert EXCHANGE.classify(served) == Reply(subscriptions=named)
    left = b'{"event":"bts:unsubscription_succeeded","channel":"diff_order_book_sgbeur","data":{}}'
    assert EXCHANGE.classify(left) == Reply()
    bad = b'{"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}}'
    assert EXCHANGE.classify(bad) == Reply(error="Bad subscription string.")
    coded = (
        b'{"event":"bts:error","channel":"live_trades_x","data":{"code":4009,"message":"Incorrect data."}}'
    )
    refused = Reply(subscriptions=(Subscription("live_trades", "x"),), error="Incorrect data. (code 4009)")
    assert EXCHANGE.classify(coded) == refused


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (TRADE.replace(b"live_trades_ethusd", b"my_trades_ethusd"), Unknown),
        (DIFF.replace(b"diff_order_book", b"order_book"), Unknown),
        (TRADE.replace(b"live_trades_ethusd", b"live_orders_ethusd"), Unknown),
        (b'{"event":"trade","channel":"live_trades_a","data":""}', Malformed),
        (b'{"event":"trade","channel":"live_trades_a","data":[]}', Malformed),
        (b'{"event":"news","channel":"","data":{}}', Unknown),
        (b'{"event":5}', Unknown),
        (b"[]", Unknown),
        (b"{", Malformed),
        (b"\xff", Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


@given(message=st.sampled_from(REAL), cut=st.integers(0, 600), put=st.binary(max_size=4))
def test_damage_never_raises(message: bytes, cut: int, put: bytes) -> None:
    damaged = message[:cut] + put + message[cut + len(put) :]
    header = EXCHANGE.classify(damaged)
    if isinstance(header, Data):
        assert header.ids is None or 0 <= header.ids.first <= header.ids.last < 2**62
        try:
            assert all(row.symbol == header.symbol for row in EXCHANGE.normalize(header, damaged))
        except UNREADABLE:
            return


def test_each_stream_is_asked_for_by_itself_a_hundred_to_a_connection() -> None:
    wanted = [Subscription("live_orders", f"s{number}usd") for number in range(150)]
    plans = EXCHANGE.plan([*wanted, wanted[0]], "ws://127.0.0.1:9/path")
    assert [len(plan.subscriptions) for plan in plans] == [100, 50]
    for plan in plans:
        assert plan.url == "ws://127.0.0.1:9/path"
        assert plan.keepalive_text == '{"event":"bts:heartbeat"}'
        assert plan.silence_seconds is not None
        assert plan.silence_seconds > 2 * plan.keepalive_seconds
        assert [request.subscriptions for request in plan.requests] == [(one,) for one in plan.subscriptions]
    assert json.loads(plans[0].requests[7].text) == {
        "event": "bts:subscribe",
        "data": {"channel": "live_orders_s7usd"},
    }


def test_symbols_have_one_spelling() -> None:
    assert EXCHANGE.symbol(" BTCUSD-perp ") == "btcusd-perp"


def test_missed_trades_are_asked_for_by_the_hour_or_by_the_day() -> None:
    minute = 60 * SECOND
    short = Missing("live_trades", "btcusd", None, None, 0, 30 * minute)
    long = Missing("live_trades", "btcusd", None, None, 0, 31 * minute)
    assert EXCHANGE.backfill_request(short) == RestRequest("/api/v2/transactions/btcusd/?time=hour", weight=1)
    assert EXCHANGE.backfill_request(long) == RestRequest("/api/v2/transactions/btcusd/?time=day", weight=1)
    for channel in ("diff_order_book", "live_orders"):
        assert EXCHANGE.backfill_request(Missing(channel, "btcusd", None, None, 0, 1)) is None


def test_missed_trades_come_out_oldest_first_with_the_takers_side() -> None:
    body = (
        b'[{"date":"1551814435","tid":"83581898","price":"0.03532850","type":"1","amount":"0.85945907"},'
        b'{"date":"1551814434","tid":"83581896","price":"0.03532851","type":"0","amount":"11.34130961"}]'
    )
    header = EXCHANGE.classify_backfill("live_trades", "ethbtc", body)
    assert header == Data("live_trades", "ethbtc")
    assert EXCHANGE.normalize_backfill(header, body) == [
        Trade("ethbtc", 1551814434 * SECOND, "83581896", "buy", 0.03532851, 11.34130961),
        Trade("ethbtc", 1551814435 * SECOND, "83581898", "sell", 0.0353285, 0.85945907),
    ]
    assert EXCHANGE.classify_backfill("live_trades", "a", b"[]") == Data("live_trades", "a")
    for wrong in (b"{}", b"[{}]", b'{"code":"API0011","message":"Not found"}'):
        assert isinstance(EXCHANGE.classify_backfill("live_trades", "a", wrong), Malformed)


def test_an_answer_of_more_than_an_hour_holds_one_day() -> None:
    def trade(date: int) -> dict[str, Any]:
        return {"date": str(date), "tid": date, "price": "1", "type": 0, "amount": "1"}

    body = json.dumps([trade(1551814435), trade(1551814435 - 3601)]).encode()
    header = EXCHANGE.classify_backfill("live_trades", "a", body)
    assert header.exchange_ns == (1551814435 - 86_400) * SECOND


def test_markets_are_read_with_their_steps() -> None:
    spot = {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "base_decimals": 8} | {
        "counter_currency": "USD",
        "counter_decimals": 2,
        "minimum_order_value": "10",
        "trading": "Enabled",
        "market_type": "SPOT",
    }
    perpetual = spot | {
        "market_symbol": "btcusd-perp",
        "market_type": "PERPETUAL",
        "base_decimals": 5,
        "counter_decimals": 0,
        "contract_size": "1.00000000",
        "trading": "Disabled",
    }
    assert [request.path for request in EXCHANGE.instruments_requests()] == ["/api/v2/markets/"]
    assert EXCHANGE.instruments(json.dumps([spot, perpetual]).encode()) == [
        Instrument("btcusd", "BTC", "USD", "spot", 0.01, 1e-8),
        Instrument("btcusd-perp", "BTC", "USD", "perpetual", 1.0, 1e-5, 1.0, None, False),
    ]


def test_every_recorded_message_equals_a_plain_reading_of_it(recordings: Path) -> None:
    kinds = []
    for line in (recordings / "BITSTAMP.ws.1.0").read_bytes().splitlines():
        if not line[:1].isdigit():
            continue
        payload = line.split(b" ", 1)[1]
        header = EXCHANGE.classify(payload)
        kinds.append(type(header))
        message = json.loads(payload)
        if isinstance(header, Reply):
            (one,) = header.subscriptions
            assert f"{one.channel}_{one.symbol}" == message["channel"]
            continue
        data = message["data"]
        (row,) = EXCHANGE.normalize(header, payload)
        assert f"{header.channel}_{row.symbol}" == message["channel"]
        assert row.timestamp == int(data["microtimestamp"]) * US
        if isinstance(row, Trade):
            told = row.id, Decimal(repr(row.price)), Decimal(repr(row.amount)), row.side
            sent = str(data["id"]), Decimal(data["price_str"]), Decimal(data["amount_str"])
            assert told == (*sent, ["buy", "sell"][data["type"]])
        else:
            assert isinstance(row, BookUpdate)
            assert sides(row) == plain_sides(data)
    assert (kinds.count(Data), kinds.count(Reply)) == (419, 20)


def test_every_recorded_book_over_rest_equals_a_plain_reading_of_it(recordings: Path) -> None:
    lines = (recordings / "BITSTAMP.http.0.0").read_bytes().splitlines()
    bodies = [line.split(b": ", 1)[1] for line in lines if b" -> " in line]
    for body in bodies:
        (row,) = EXCHANGE.normalize(EXCHANGE.classify_snapshot("a", body), body)
        assert isinstance(row, BookUpdate)
        assert row.is_snapshot
        assert sides(row) == plain_sides(json.loads(body))
    assert len(bodies) > 3


def sides(row: BookUpdate) -> list[list[tuple[Decimal, Decimal]]]:
    return [[(Decimal(repr(p)), Decimal(repr(a))) for p, a in side] for side in (row.bids, row.asks)]


def plain_sides(data: dict[str, Any]) -> list[list[tuple[Decimal, Decimal]]]:
    return [[(Decimal(price), Decimal(amount)) for price, amount in data[side]] for side in ("bids", "asks")]
