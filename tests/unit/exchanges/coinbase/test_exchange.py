from __future__ import annotations

import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.coinbase.exchange import Coinbase
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Data,
    Header,
    Heartbeat,
    Ids,
    Malformed,
    Missing,
    Proof,
    Reply,
    Subscription,
    Unknown,
)
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

EXCHANGE = Coinbase()

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


def rows(message: bytes) -> list[object]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


def test_a_trade_has_the_takers_side_its_own_time_and_the_number_of_its_frame() -> None:
    assert EXCHANGE.classify(TRADE) == Data(
        "market_trades", "BTC-USD", Ids(929248657, 929248657), SENT_NS, sequence=1851
    )
    assert rows(TRADE) == [Trade("BTC-USD", SENT_NS, "929248657", "buy", 88355.59, 0.00136573)]


def test_trades_that_come_newest_first_are_told_oldest_first() -> None:
    assert EXCHANGE.classify(TRADES) == Data(
        "market_trades", "ETH-USD", Ids(846149798, 846149799), TRADES_NS, sequence=5
    )
    assert rows(TRADES) == [
        Trade("ETH-USD", TRADES_NS, "846149798", "buy", 2668.35, 0.03710506),
        Trade("ETH-USD", TRADES_NS, "846149799", "sell", 2668.36, 1.0),
    ]


def test_trades_that_are_not_consecutive_or_of_two_products_are_more_headers() -> None:
    trades = [
        {"product_id": product, "trade_id": str(number), "price": "1", "size": "2", "side": "BUY", "time": ""}
        for product, number in [("A-B", 9), ("C-D", 4), ("A-B", 6), ("A-B", 5)]
    ]
    events = [{"type": "snapshot", "trades": trades[:2]}, {"type": "update", "trades": trades[2:]}]
    message = json.dumps({"channel": "market_trades", "sequence_num": 3, "events": events}).encode()
    header = EXCHANGE.classify(message)
    found = [(each.symbol, each.ids, each.sequence) for each in (header, *header.more)]
    assert found == [("A-B", Ids(5, 6), 3), ("A-B", Ids(9, 9), 3), ("C-D", Ids(4, 4), 3)]
    assert [row.id for row in EXCHANGE.normalize(header, message) if isinstance(row, Trade)] == [
        "4",
        "5",
        "6",
        "9",
    ]


def test_an_offer_is_an_ask_and_a_change_has_the_clock_of_snapshots_and_tickers() -> None:
    assert EXCHANGE.classify(UPDATE) == Data(
        "level2", "BIP-20DEC30-CDE", None, 1772701532483569449, sequence=229
    )
    assert rows(UPDATE) == [
        BookUpdate(
            "BIP-20DEC30-CDE",
            1772701532483569449,
            False,
            [(72575.0, 0.0), (72570.0, 68.0)],
            [(72580.0, 13.0)],
        )
    ]
    assert rows(UPDATE.replace(b'"offer"', b'"ask"')) == rows(UPDATE)


def test_a_snapshot_is_a_whole_book_of_the_time_it_was_sent() -> None:
    sent_ns = 1675974770714964855
    assert EXCHANGE.classify(SNAPSHOT) == Data(
        "level2", "BTC-USD", None, sent_ns, sequence=0, is_snapshot=True
    )
    assert rows(SNAPSHOT) == [
        BookUpdate("BTC-USD", sent_ns, True, [(21921.74, 0.06317902), (21921.3, 0.02)], [])
    ]


def test_the_books_of_two_products_in_one_message_are_two_headers_and_two_rows() -> None:
    other = b'{"type":"snapshot","product_id":"A-B","updates":[]}'
    message = UPDATE[:-2] + b"," + other + b"]}"
    header = EXCHANGE.classify(message)
    assert [(each.symbol, each.is_snapshot) for each in (header, *header.more)] == [
        ("BIP-20DEC30-CDE", False),
        ("A-B", True),
    ]
    assert [row.symbol for row in EXCHANGE.normalize(header, message)] == ["BIP-20DEC30-CDE", "A-B"]


def test_a_ticker_tells_the_top_of_the_book() -> None:
    time_ns = 1675974637167359596
    assert EXCHANGE.classify(TICKER) == Data("ticker", "BTC-USD", None, time_ns, sequence=0)
    assert rows(TICKER) == [Quote("BTC-USD", time_ns, 21931.98, 8000.21, 21933.98, 8038.07770938)]
    without = TICKER.replace(b'"best_bid":"21931.98","best_bid_quantity":"8000.21"', b'"best_bid":""')
    assert rows(without) == [Quote("BTC-USD", time_ns, None, None, 21933.98, 8038.07770938)]


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (HEARTBEAT, 3),
        (EMPTY_TICKER, 1),
        (b'{"channel":"market_trades","sequence_num":7,"events":[{"type":"snapshot","trades":[]}]}', 7),
    ],
)
def test_what_says_nothing_of_a_product_still_counts_as_a_frame(message: bytes, number: int) -> None:
    assert EXCHANGE.classify(message) == Heartbeat(sequence=number)


def test_a_confirmation_names_what_is_served_and_counts_as_a_frame() -> None:
    served = (Subscription("level2", "BTC-USD"), Subscription("level2", "ETH-USD"))
    assert EXCHANGE.classify(SUBSCRIBED) == Reply(subscriptions=served, sequence=1)


def test_an_error_says_why_and_has_no_number() -> None:
    message = b'{"type":"error","message":"failure to subscribe"}'
    assert EXCHANGE.classify(message) == Reply(error="failure to subscribe")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            b'{"channel":"candles","sequence_num":4,"events":[{"type":"update","candles":[]}]}',
            Unknown(sequence=4),
        ),
        (b'{"channel":"user","events":[{"orders":[]}]}', Unknown()),
        (b"[]", Unknown()),
        (b"{", Malformed()),
        (b"\xff", Malformed()),
        (b'{"channel":"l2_data","sequence_num":5,"events":[{"type":"update"}]}', Malformed()),
        (b'{"channel":"market_trades","events":[{"trades":[{"trade_id":"x"}]}]}', Malformed()),
        (b'{"channel":"ticker","sequence_num":"z"}', Malformed()),
        (b'{"channel":"l2_data","events":' + b"[" * 100_000, Malformed()),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, expected: Header) -> None:
    assert EXCHANGE.classify(message) == expected


def test_the_same_message_is_the_same_on_every_connection_but_for_its_number() -> None:
    other = UPDATE.replace(b"229", b"17").replace(b".483569449Z", b".484Z")
    header = EXCHANGE.classify(UPDATE)
    assert EXCHANGE.identity(header, UPDATE) == EXCHANGE.identity(header, other)
    assert EXCHANGE.identity(header, UPDATE) != EXCHANGE.identity(header, UPDATE.replace(b"68", b"69"))


@given(
    message=st.sampled_from([TRADE, TRADES, UPDATE, SNAPSHOT, TICKER, EMPTY_TICKER, HEARTBEAT, SUBSCRIBED]),
    at=st.integers(0, 600),
    put=st.binary(max_size=4),
    cut=st.integers(0, 6),
)
def test_damaged_messages_are_classified_and_never_decoded_to_something_else(
    message: bytes, at: int, put: bytes, cut: int
) -> None:
    damaged = message[:at] + put + message[at + cut :]
    header = EXCHANGE.classify(damaged)
    if isinstance(header, Data):
        try:
            found = EXCHANGE.normalize(header, damaged)
        except UNREADABLE:
            return
        assert {row.symbol for row in found} == {each.symbol for each in (header, *header.more)}


@given(at=st.integers(0, 1600), put=st.binary(max_size=4), cut=st.integers(0, 6))
def test_damaged_answers_are_classified(at: int, put: bytes, cut: int) -> None:
    for body in (REST_TRADES, PRODUCTS):
        damaged = body[:at] + put + body[at + cut :]
        header = EXCHANGE.classify_backfill("market_trades", "BTC-USDT", damaged)
        try:
            if isinstance(header, Data):
                EXCHANGE.normalize_backfill(header, damaged)
            EXCHANGE.instruments(damaged)
        except UNREADABLE:
            continue


def test_usdc_is_another_name_of_the_dollar_book_but_for_two() -> None:
    spelled = {text: EXCHANGE.symbol(text) for text in ("btc-usd", " BTC-USDC ", "USDT-USDC", "EURC-USDC")}
    assert list(spelled.values()) == ["BTC-USD", "BTC-USD", "USDT-USDC", "EURC-USDC"]
    assert EXCHANGE.symbol("ETH-PERP-INTX") == "ETH-PERP-INTX"


def test_books_are_few_to_a_connection_and_apart_from_all_else() -> None:
    products = [f"P{number}-USD" for number in range(120)]
    wanted = [
        Subscription(channel, one) for channel in ("level2", "ticker", "market_trades") for one in products
    ]
    plans = EXCHANGE.plan(wanted, "ws://127.0.0.1:5")
    assert [len(plan.subscriptions) for plan in plans] == [100, 100, 40, *[8] * 15]
    assert sorted(chain.from_iterable(plan.subscriptions for plan in plans)) == sorted(wanted)
    for plan in plans:
        assert plan.url == "ws://127.0.0.1:5"
        assert plan.silence_seconds == 10.0
        channels = [json.loads(request.text)["channel"] for request in plan.requests]
        assert channels in (["heartbeats", "market_trades", "ticker"], ["heartbeats", "level2"])
        asked = list(chain.from_iterable(request.subscriptions for request in plan.requests))
        assert sorted(asked) == sorted(plan.subscriptions)
        # eight messages a second and address, and the connections open one after the other
        assert len(plan.requests) / EXCHANGE.connect_interval_seconds <= 8


def test_each_request_names_one_channel() -> None:
    (plan,) = EXCHANGE.plan([Subscription("level2", "BTC-USD")], EXCHANGE.websocket_url)
    assert [request.text for request in plan.requests] == [
        '{"type":"subscribe","channel":"heartbeats"}',
        '{"type":"subscribe","product_ids":["BTC-USD"],"channel":"level2"}',
    ]
    assert EXCHANGE.resubscribe(Subscription("level2", "BTC-USD")) == (
        '{"type":"unsubscribe","product_ids":["BTC-USD"],"channel":"level2"}',
        '{"type":"subscribe","product_ids":["BTC-USD"],"channel":"level2"}',
    )


SECOND = 10**9
BEGIN = 1_700_000_000 * SECOND


def spans(missing: Missing) -> tuple[int, int]:
    request = EXCHANGE.backfill_request(missing)
    assert request is not None
    path, _, query = request.path.partition("?")
    assert path == "/api/v3/brokerage/market/products/BTC-USD/ticker"
    fields = dict(part.split("=") for part in query.split("&"))
    assert fields["limit"] == "1000"
    return int(fields["start"]) - 1_700_000_000, int(fields["end"]) - 1_700_000_000


def test_missed_trades_are_asked_for_by_time() -> None:
    hour = Missing("market_trades", "BTC-USD", 1, 36_000, BEGIN, BEGIN + 3600 * SECOND)
    assert spans(hour) == (-1, 3602)
    within = Missing("market_trades", "BTC-USD", 1, 9, BEGIN + SECOND // 2, BEGIN + 3 * SECOND // 2)
    assert spans(within) == (-1, 3)
    assert EXCHANGE.backfill_request(Missing("level2", "BTC-USD", None, None, 1, 2)) is None


def test_the_answer_to_a_backfill_has_runs_of_ids_and_rows_oldest_first() -> None:
    header = EXCHANGE.classify_backfill("market_trades", "BTC-USDT", REST_TRADES)
    other = Data("market_trades", "BTC-USDT", Ids(10092329, 10092329))
    assert header == Data("market_trades", "BTC-USDT", Ids(10092327, 10092327), more=(other,))
    assert EXCHANGE.normalize_backfill(header, REST_TRADES) == [
        Trade("BTC-USDT", 1673398357557001000, "10092327", "sell", 17488.12, 0.0000623),
        Trade("BTC-USDT", 1673398358100000000, "10092329", "buy", 17488.2, 0.5),
    ]
    nothing = EXCHANGE.classify_backfill("market_trades", "BTC-USDT", b'{"trades":[],"best_bid":""}')
    assert nothing == Data("market_trades", "BTC-USDT")
    refused = b'{"error":"unknown","error_details":"","message":""}'
    assert isinstance(EXCHANGE.classify_backfill("market_trades", "BTC-USDT", refused), Malformed)


def test_trades_of_another_product_fill_no_gap() -> None:
    assert isinstance(EXCHANGE.classify_backfill("market_trades", "BTC-USD", REST_TRADES), Malformed)
    with pytest.raises(ValueError, match="another product than BTC-USD"):
        EXCHANGE.normalize_backfill(Data("market_trades", "BTC-USD"), REST_TRADES)


def test_products_are_instruments_each_under_one_name() -> None:
    assert [request.path for request in EXCHANGE.instruments_requests()] == [
        "/api/v3/brokerage/market/products?product_type=SPOT",
        "/api/v3/brokerage/market/products?product_type=FUTURE",
    ]
    found = EXCHANGE.instruments(PRODUCTS)
    assert found == [
        Instrument("BTC-USD", "BTC", "USD", "spot", 0.01, 1e-8),
        Instrument(
            "BIT-26APR24-CDE", "BTC", "USD", "future", 5.0, 1.0, 0.01, 1714143600000000000, active=False
        ),
        Instrument("ETH-PERP-INTX", "ETH", "USDC", "perpetual", 0.01, 0.0001, 1.0),
    ]
    assert [EXCHANGE.symbol(each.symbol) for each in found] == [each.symbol for each in found]


def test_a_lost_trade_leaves_the_gap_it_is_and_old_ones_sent_again_are_no_new_count() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for number, missing in ((929248657, None), (929248658, None), (929248661, 2)):
        gap = continuity.observe(EXCHANGE.classify(TRADE.replace(b"929248657", b"%d" % number)), 1).gap
        assert (gap.missing if gap else None) == missing
    # An hour later, on subscribing again: the last trades, in a message of now.
    again = TRADE.replace(b"929248657", b"929248661").replace(b"06:00:12.516946132", b"07:00:00.1")
    observed = continuity.observe(EXCHANGE.classify(again), 2)
    assert (observed.duplicate, observed.reset) == (True, False)


def test_books_and_tickers_are_proven_by_the_number_of_the_frame_alone() -> None:
    assert [EXCHANGE.channels[name].proof for name in ("market_trades", "level2", "ticker")] == [
        Proof.IDS,
        Proof.SEQUENCE,
        Proof.SEQUENCE,
    ]
    frames = [SNAPSHOT, SUBSCRIBED, TRADE, UPDATE, TICKER, HEARTBEAT, EMPTY_TICKER]
    assert all(EXCHANGE.classify(frame).sequence is not None for frame in frames)
