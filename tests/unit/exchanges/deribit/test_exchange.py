from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.deribit.exchange import Deribit
from daedalus.exchanges.model import (
    Data,
    Heartbeat,
    Ids,
    Malformed,
    Missing,
    Reply,
    RestRequest,
    Subscription,
    Unknown,
)
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Row, Trade

EXCHANGE = Deribit()
MS = 1_000_000

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
REAL = [TRADES, LIQUIDATION, SNAPSHOT, CHANGE, QUOTE, TICKER, EXPIRED, COMBO, HEARTBEAT, TEST_REQUEST]


def rows(message: bytes) -> list[Row]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


def test_trades_are_numbered_by_their_sequence_and_known_by_their_id() -> None:
    header = EXCHANGE.classify(TRADES)
    assert header == Data("trades", "BTC-PERPETUAL", Ids(20944815, 20944816), 1567296022566 * MS)
    assert rows(TRADES) == [
        Trade("BTC-PERPETUAL", 1567296022565 * MS, "39355898", "sell", 9598.5, 2000.0, 20944815),
        Trade("BTC-PERPETUAL", 1567296022566 * MS, "39355899", "sell", 9598.5, 50.0, 20944816),
    ]
    assert rows(USDC_TRADE) == [
        Trade("BTC_USDC-PERPETUAL", 1655397355998 * MS, "USDC-2436803", "buy", 21026.0, 0.049, 501899)
    ]


def test_trades_in_any_order_come_out_oldest_first_and_their_runs_are_told_apart() -> None:
    message = TRADES.replace(b"20944815", b"20944818")
    header = EXCHANGE.classify(message)
    assert [header.ids, *(part.ids for part in header.more)] == [
        Ids(20944816, 20944816),
        Ids(20944818, 20944818),
    ]
    assert {(type(part), part.channel, part.symbol) for part in header.more} == {
        (Data, "trades", "BTC-PERPETUAL")
    }
    assert [row.number for row in rows(message) if isinstance(row, Trade)] == [20944816, 20944818]


@pytest.mark.parametrize(("who", "sides"), [(b"T", ["sell"]), (b"M", ["buy"]), (b"MT", ["buy", "sell"])])
def test_a_trade_that_liquidates_gives_the_order_of_the_one_who_was_liquidated(
    who: bytes, sides: list[str]
) -> None:
    trade, *liquidations = rows(LIQUIDATION.replace(b'"T"', b'"%s"' % who))
    assert trade == Trade("BTC-PERPETUAL", 1584058044032 * MS, "66460463", "sell", 4469.5, 1120.0, 40781986)
    assert liquidations == [
        Liquidation("BTC-PERPETUAL", 1584058044032 * MS, "66460463", side, 4469.5, 1120.0, 4469.5)
        for side in sides
    ]


def test_a_book_begins_with_a_snapshot_and_each_change_names_the_one_before() -> None:
    symbol, first, last = "ETH-30JUL21-2800-C", 13169025645, 13169031288
    time, later = 1626993723632 * MS, 1626993725864 * MS
    assert EXCHANGE.classify(SNAPSHOT) == Data("book", symbol, Ids(first, first), time, is_snapshot=True)
    assert EXCHANGE.classify(CHANGE) == Data("book", symbol, Ids(first + 1, last, first), later)
    assert rows(SNAPSHOT) == [
        BookUpdate(symbol, time, True, [(0.0015, 4714.0), (0.001, 861.0)], [(0.0025, 873.0)], first, first)
    ]
    assert rows(CHANGE) == [
        BookUpdate(symbol, later, False, [(0.0015, 4737.0), (0.001, 0.0)], [(0.003, 12.5)], first + 1, last)
    ]


def test_a_snapshot_is_one_with_a_predecessor_or_without_a_type() -> None:
    named = SNAPSHOT.replace(b'"change_id"', b'"prev_change_id":20,"change_id"')
    untyped = SNAPSHOT.replace(b'"type":"snapshot",', b"")
    for message in (named, untyped):
        assert EXCHANGE.classify(message) == EXCHANGE.classify(SNAPSHOT)
    new_book = CHANGE.replace(b'"prev_change_id":13169025645', b'"prev_change_id":0')
    assert EXCHANGE.classify(new_book).ids == Ids(1, 13169031288, 0)


def test_an_empty_side_of_a_quote_has_no_price() -> None:
    time = 1567296000183 * MS
    assert EXCHANGE.classify(QUOTE) == Data("quote", "BTC-PERPETUAL", None, time)
    assert rows(QUOTE) == [Quote("BTC-PERPETUAL", time, 9600.5, 162800.0, 9601.0, 49710.0)]
    for price in (b"0.0", b"null"):
        empty = QUOTE.replace(b"9600.5", price).replace(b"162800.0", b"0.0")
        assert rows(empty) == [Quote("BTC-PERPETUAL", time, None, None, 9601.0, 49710.0)]
        assert rows(empty.replace(b"49710.0", b"0.0")) == []


def test_a_combination_may_be_bid_for_at_nothing() -> None:
    bid = QUOTE.replace(b"9600.5", b"0.0")
    assert rows(bid) == [Quote("BTC-PERPETUAL", 1567296000183 * MS, 0.0, 162800.0, 9601.0, 49710.0)]


def test_a_ticker_tells_of_a_derivative_and_null_is_not_zero() -> None:
    time = 1569888003897 * MS
    assert EXCHANGE.classify(TICKER) == Data("ticker", "BTC-PERPETUAL", None, time)
    assert rows(TICKER) == [
        DerivativeTicker(
            "BTC-PERPETUAL",
            time,
            funding_rate=-0.000012,
            open_interest=84844461.0,
            last_price=8304.5,
            index_price=8305.94,
            mark_price=8304.39,
        )
    ]
    (expired,) = rows(EXPIRED)
    assert isinstance(expired, DerivativeTicker)
    assert (expired.funding_rate, expired.last_price, expired.mark_price) == (None, None, 0.0)
    (combo,) = rows(COMBO)
    assert isinstance(combo, DerivativeTicker)
    assert combo.last_price == -13.5


def test_a_test_request_is_answered_and_a_heartbeat_is_not() -> None:
    assert EXCHANGE.classify(HEARTBEAT) == Heartbeat()
    answer = EXCHANGE.classify(TEST_REQUEST).answer
    assert answer is not None
    assert json.loads(answer) == {"jsonrpc": "2.0", "id": 0, "method": "public/test", "params": {}}
    tested = b'{"jsonrpc":"2.0","id":0,"result":{"version":"1.2.26"},"usIn":1,"usOut":2,"usDiff":1}'
    assert EXCHANGE.classify(tested) == Reply(0)


def test_a_subscription_confirms_what_it_names_and_nothing_else() -> None:
    """Refused channels are left out without a word: the request as a whole must not count as confirmed."""
    message = (
        b'{"jsonrpc":"2.0","id":3,"result":["trades.BTC-PERPETUAL.100ms","quote.BTC-PERPETUAL",'
        b'"deribit_price_index.btc_usd"],"usIn":1,"usOut":2,"usDiff":1,"testnet":false}'
    )
    served = (Subscription("trades", "BTC-PERPETUAL"), Subscription("quote", "BTC-PERPETUAL"))
    assert EXCHANGE.classify(message) == Reply(subscriptions=served)
    nothing = b'{"jsonrpc":"2.0","id":3,"result":[],"usIn":1,"usOut":2,"usDiff":1}'
    assert EXCHANGE.classify(nothing) == Reply()
    ok = b'{"jsonrpc":"2.0","id":1,"result":"ok","usIn":1,"usOut":2,"usDiff":1,"testnet":false}'
    assert EXCHANGE.classify(ok) == Reply(1)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            b'{"code":13778,"message":"raw_subscriptions_not_available_for_unauthorized"}',
            "raw_subscriptions_not_available_for_unauthorized (code 13778)",
        ),
        (
            b'{"message":"Invalid params","data":{"reason":"invalid format","param":"nonce"},"code":-32602}',
            "Invalid params: nonce invalid format (code -32602)",
        ),
    ],
)
def test_an_error_says_why_and_to_which_request(error: bytes, says: str) -> None:
    message = b'{"jsonrpc":"2.0","id":5,"error":' + error + b',"usIn":1,"usOut":2,"usDiff":1}'
    assert EXCHANGE.classify(message) == Reply(5, error=says)


def test_the_order_of_the_keys_does_not_matter() -> None:
    for message in (TRADES, SNAPSHOT, CHANGE, QUOTE, TICKER):
        turned = json.dumps(dict(reversed(json.loads(message).items()))).encode()
        assert EXCHANGE.classify(turned) == EXCHANGE.classify(message)
        assert rows(turned) == rows(message)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (_BEGIN + b'trades.option.BTC.raw","data":[]}}', Unknown),
        (_BEGIN + b'perpetual.BTC-PERPETUAL.100ms","data":{}}}', Unknown),
        (_BEGIN + b'quote.BTC-PERPETUAL","data":{}}}', Malformed),
        (_BEGIN + b'book.A.raw","data":{"change_id":"x","timestamp":1}}}', Malformed),
        (_BEGIN + b'trades.A.raw","data":[{"trade_seq":1.5}]}}', Malformed),
        (b'{"jsonrpc":"2.0","method":"subscription","params":{"data":[]}}', Unknown),
        (b'{"jsonrpc":"2.0"}', Unknown),
        (b"[]", Unknown),
        (b"{", Malformed),
        (b"\xff", Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


@given(message=st.sampled_from(REAL), cut=st.integers(0, 400), put=st.binary(max_size=4))
def test_damage_never_raises(message: bytes, cut: int, put: bytes) -> None:
    damaged = message[:cut] + put + message[cut + len(put) :]
    header = EXCHANGE.classify(damaged)
    if isinstance(header, Data):
        try:
            assert all(row.symbol == header.symbol for row in EXCHANGE.normalize(header, damaged))
        except UNREADABLE:
            return


def test_a_lost_message_is_a_gap_of_known_size_among_trades_and_of_unknown_size_in_a_book() -> None:
    def trade(number: int) -> bytes:
        return USDC_TRADE.replace(b"501899", b"%d" % number)

    def change(previous: int, last: int) -> bytes:
        return CHANGE.replace(b"13169031288", b"%d" % last).replace(b"13169025645", b"%d" % previous)

    def gaps(*messages: bytes) -> list[tuple[int, int, int | None]]:
        continuity = Continuity(EXCHANGE.channels)
        found = [continuity.observe(EXCHANGE.classify(message), 0).gap for message in messages]
        return [(gap.from_id, gap.to_id, gap.missing) for gap in found if gap]

    assert gaps(trade(1), trade(2), trade(5), trade(6)) == [(2, 5, 2)]
    start = 13169025645
    assert gaps(SNAPSHOT, change(start, start + 9), change(start + 9, start + 11)) == []
    lost = gaps(SNAPSHOT, change(start, start + 9), change(start + 11, start + 30), SNAPSHOT)
    assert lost == [(start + 9, start + 12, None)]


def test_heartbeats_are_asked_for_first_and_requests_stay_within_the_limits() -> None:
    symbols = [f"BTC_USDC-{number}JUN27-{number}000-C" for number in range(400)]
    wanted = [
        Subscription(channel, one) for channel in ("book", "trades", "quote", "ticker") for one in symbols
    ]
    plans = EXCHANGE.plan(wanted, "ws://127.0.0.1:9")
    assert [plan.url for plan in plans] == ["ws://127.0.0.1:9/ws/api/v2"] * 4
    assert [one for plan in plans for one in plan.subscriptions] == wanted
    for plan in plans:
        first, *others = plan.requests
        assert json.loads(first.text) == {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "public/set_heartbeat",
            "params": {"interval": 10},
        }
        assert not first.subscriptions
        assert [one for request in others for one in request.subscriptions] == list(plan.subscriptions)
        for request in others:
            text = json.loads(request.text)
            assert (text["method"], text["id"]) == ("public/subscribe", request.id)
            assert len(text["params"]["channels"]) == len(request.subscriptions) <= 500
            assert len(request.text) < 32_768
    assert json.loads(plans[0].requests[1].text)["params"]["channels"][0] == f"book.{symbols[0]}.100ms"
    names = [Subscription("quote", f"{'X' * 200}-{number}") for number in range(500)]
    assert all(len(one.text) < 32_768 for one in EXCHANGE.plan(names, "ws://127.0.0.1:9")[0].requests)
    many = [Subscription("quote", f"S{number}") for number in range(30_000)]
    assert len(EXCHANGE.plan(many, "ws://127.0.0.1:9")) <= 30


def test_a_fresh_snapshot_needs_an_unsubscription_first() -> None:
    texts = [json.loads(text) for text in EXCHANGE.resubscribe(Subscription("book", "BTC-PERPETUAL"))]
    assert [text["method"] for text in texts] == ["public/unsubscribe", "public/subscribe"]
    assert {text["params"]["channels"][0] for text in texts} == {"book.BTC-PERPETUAL.100ms"}


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        (" btc-perpetual ", "BTC-PERPETUAL"),
        ("BTC-24DEC21-8000-P", "BTC-24DEC21-8000-P"),
        ("xrp_usdc-30jun26-0d5-c", "XRP_USDC-30JUN26-0d5-C"),
    ],
)
def test_symbols_have_one_spelling(text: str, symbol: str) -> None:
    assert EXCHANGE.symbol(text) == symbol


def test_missed_trades_are_asked_for_by_number_a_thousand_at_a_time() -> None:
    missing = Missing("trades", "BTC-PERPETUAL", 20944815, 20946000, 0, 1)
    assert EXCHANGE.backfill_request(missing) == RestRequest(
        "/api/v2/public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL"
        "&start_seq=20944815&end_seq=20945814&count=1000&sorting=asc",
        weight=1,
    )
    assert EXCHANGE.backfill_request(Missing("book", "BTC-PERPETUAL", 1, 2, 0, 1)) is None


def test_an_answer_with_missed_trades_gives_the_same_rows_as_the_stream() -> None:
    trades = json.loads(TRADES)["params"]["data"]
    answer: dict[str, Any] = {"jsonrpc": "2.0", "result": {"trades": trades[::-1], "has_more": False}}
    body = json.dumps(answer).encode()
    header = EXCHANGE.classify_backfill("trades", "BTC-PERPETUAL", body)
    assert (type(header), header.ids, header.more) == (Data, Ids(20944815, 20944816), ())
    assert EXCHANGE.normalize_backfill(header, body) == rows(TRADES)
    empty = b'{"jsonrpc":"2.0","result":{"trades":[],"has_more":false}}'
    assert EXCHANGE.classify_backfill("trades", "A", empty) == Data("trades", "A")
    refused = b'{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params"}}'
    assert isinstance(EXCHANGE.classify_backfill("trades", "A", refused), Malformed)


def test_instruments_are_read_with_their_steps_and_expiries() -> None:
    common = {"base_currency": "BTC", "is_active": True, "contract_size": 10.0, "min_trade_amount": 10.0}
    listed = [
        common
        | {"instrument_name": "BTC-PERPETUAL", "kind": "future", "settlement_period": "perpetual"}
        | {"quote_currency": "USD", "tick_size": 0.5, "expiration_timestamp": 32503708800000},
        common
        | {"instrument_name": "BTC-24JUN22-52000-P", "kind": "option", "settlement_period": "month"}
        | {"quote_currency": "BTC", "counter_currency": "USD", "tick_size": 0.0005}
        | {"min_trade_amount": 0.1, "contract_size": 1.0, "expiration_timestamp": 1656057600000},
        common
        | {"instrument_name": "BTC_USDC", "kind": "spot", "quote_currency": "USDC", "is_active": False},
        common | {"instrument_name": "BTC-FS-30SEP22_PERP", "kind": "future_combo", "quote_currency": "USD"},
    ]
    (request,) = EXCHANGE.instruments_requests()
    assert request.path == "/api/v2/public/get_instruments?currency=any&expired=false"
    assert EXCHANGE.instruments(json.dumps({"result": listed}).encode()) == [
        Instrument("BTC-PERPETUAL", "BTC", "USD", "perpetual", 0.5, 10.0, 10.0),
        Instrument("BTC-24JUN22-52000-P", "BTC", "USD", "option", 0.0005, 0.1, 1.0, 1656057600000 * MS),
        Instrument("BTC_USDC", "BTC", "USDC", "spot", None, 10.0, 10.0, None, False),
        Instrument("BTC-FS-30SEP22_PERP", "BTC", "USD", "future", None, 10.0, 10.0),
    ]


def test_every_recorded_message_equals_a_plain_reading_of_it(recordings: Path) -> None:
    continuity = Continuity(EXCHANGE.channels)
    kinds = []
    for line in (recordings / "DERIBIT.ws.1.0").read_bytes().splitlines():
        if not line[:1].isdigit():
            continue
        payload = line.split(b" ", 1)[1]
        header = EXCHANGE.classify(payload)
        kinds.append(type(header))
        if isinstance(header, Reply):
            assert len(header.subscriptions) == 30
            continue
        data = json.loads(payload, parse_float=Decimal)["params"]["data"]
        (row,) = EXCHANGE.normalize(header, payload)
        assert (row.symbol, row.timestamp) == (data["instrument_name"], data["timestamp"] * MS)
        if isinstance(row, BookUpdate):
            assert row.is_snapshot is (data["type"] == "snapshot")
            assert row.last_id == data["change_id"]
            told = [[(Decimal(repr(p)), Decimal(repr(a))) for p, a in side] for side in (row.bids, row.asks)]
            assert told == [[(p, a) for _, p, a in data[side]] for side in ("bids", "asks")]
        else:
            assert isinstance(row, DerivativeTicker)
            assert Decimal(repr(row.mark_price)) == data["mark_price"]
            assert Decimal(repr(row.open_interest)) == data["open_interest"]
        observed = continuity.observe(header, 0)
        assert not observed.duplicate
        assert observed.gap is None
    assert kinds.count(Data) == 80
    assert set(kinds) == {Data, Reply}
