from __future__ import annotations

import json

import pytest

from daedalus.exchanges.coinbase_exchange.exchange import CoinbaseExchange
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Announcement,
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
from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

EXCHANGE = CoinbaseExchange()

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


def rows(message: bytes) -> list[object]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


@pytest.mark.parametrize("kind", [b"match", b"last_match"])
def test_matches_have_the_takers_side_and_an_id_that_proves(kind: bytes) -> None:
    message = MATCH.replace(b'"match"', b'"%s"' % kind)
    assert EXCHANGE.classify(message) == Data("matches", "SKL-BTC", Ids(280232, 280232), MATCH_NS)
    assert rows(message) == [Trade("SKL-BTC", MATCH_NS, "280232", "buy", 0.00001305, 985.0)]


def test_book_changes_have_their_side() -> None:
    assert EXCHANGE.classify(UPDATE) == Data("level2_batch", "SKL-BTC", None, UPDATE_NS)
    assert rows(UPDATE) == [BookUpdate("SKL-BTC", UPDATE_NS, False, [(0.000013, 0.0)], [(0.00001306, 660.5)])]


def test_a_snapshot_without_a_time_is_a_whole_book() -> None:
    assert EXCHANGE.classify(SNAPSHOT) == Data("level2_batch", "A-B")
    assert rows(SNAPSHOT) == [BookUpdate("A-B", None, True, [(14.7, 0.5), (14.6, 1.0)], [(14.8, 12.77)])]


def test_impossible_levels_do_not_cost_the_snapshot() -> None:
    message = SNAPSHOT.replace(b'["14.6","1"]', b'["14.6","0.-10000"],["14.5","-3"],["14.4","2"]')
    assert rows(message) == [BookUpdate("A-B", None, True, [(14.7, 0.5), (14.4, 2.0)], [(14.8, 12.77)])]


def test_a_ticker_without_sizes_leaves_them_out() -> None:
    expected_ns = 1618677810244075000
    assert EXCHANGE.classify(TICKER).ids == Ids(333938798, 333938798)
    assert rows(TICKER) == [Quote("BAND-GBP", expected_ns, 14.755, None, 14.806, None, 333938798)]
    sized = TICKER.replace(b'"side"', b'"best_bid_size":"0.00","best_ask_size":"2.5","side"')
    assert rows(sized) == [Quote("BAND-GBP", expected_ns, None, None, 14.806, 2.5, 333938798)]
    zeros = TICKER.replace(b'"14.7550"', b'"0.00"')
    assert rows(zeros) == [Quote("BAND-GBP", expected_ns, None, None, 14.806, None, 333938798)]
    empty = TICKER.replace(b'"14.7550"', b'""')
    assert rows(empty) == [Quote("BAND-GBP", expected_ns, None, None, 14.806, None, 333938798)]


def test_a_heartbeat_proves_the_matches() -> None:
    header = EXCHANGE.classify(HEARTBEAT)
    assert (type(header), header.channel, header.symbol) == (Heartbeat, "heartbeat", "BTC-USD")
    assert header.announces == Announcement("matches", 20)


def test_the_year_one_is_no_time() -> None:
    message = MATCH.replace(b"2021-04-17T16:43:37.089723Z", b"0001-01-01T00:00:00.000000Z")
    assert EXCHANGE.classify(message).exchange_ns is None
    assert EXCHANGE.normalize(EXCHANGE.classify(message), message)[0].timestamp is None


@pytest.mark.parametrize("name", ["level2", "level2_batch", "level2_50"])
def test_a_confirmation_names_what_is_served_whatever_the_exchange_calls_it(name: str) -> None:
    channels = [{"name": name, "product_ids": ["A-B", "C-D"], "account_ids": None}, {"name": "status"}]
    message = json.dumps({"type": "subscriptions", "channels": channels}).encode()
    served = (
        Subscription("level2_batch", "A-B"),
        Subscription("level2_batch", "C-D"),
        Subscription("status", ""),
    )
    assert EXCHANGE.classify(message) == Reply(subscriptions=served)


def test_an_error_says_why() -> None:
    message = b'{"type":"error","message":"Failed to subscribe","reason":"level2 requires authentication."}'
    reply = Reply(error="Failed to subscribe: level2 requires authentication.")
    assert EXCHANGE.classify(message) == reply


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"type":"received","product_id":"A-B"}', Unknown),
        (b'{"type":"status","products":[],"currencies":[]}', Data),
        (b'{"kind":1}', Unknown),
        (b"[]", Unknown),
        (b"{", Malformed),
        (b"\xff", Malformed),
        (b'{"type":"match","product_id":"A-B"}', Malformed),
        (b'{"type":"match","trade_id":5}', Malformed),
        (b'{"type":"match","trade_id":"x","product_id":"A-B"}', Malformed),
        (b'{"type":"subscriptions","channels":5}', Malformed),
        (b'{"type":"l2update","product_id":' + b"[" * 100_000, Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


def test_each_channel_is_asked_for_by_itself_and_the_book_last() -> None:
    products = [f"P{number}-USD" for number in range(150)]
    wanted = [Subscription(channel, one) for channel in ("level2_batch", "matches") for one in products]
    plans = EXCHANGE.plan([Subscription("status", ""), *wanted], "ws://localhost:1")
    assert [len(plan.subscriptions) for plan in plans] == [201, 100]
    texts = [json.loads(request.text) for request in plans[0].requests]
    assert [text["channels"] for text in texts] == [["status"], ["matches"], ["level2_batch"]]
    assert texts[0] == {"type": "subscribe", "channels": ["status"]}
    assert texts[1]["product_ids"] == products[:100]
    assert {one for plan in plans for request in plan.requests for one in request.subscriptions} == {
        Subscription("status", ""),
        *wanted,
    }


def test_no_book_is_asked_for_over_rest() -> None:
    with pytest.raises(ValueError, match="sends the snapshot of BTC-USD on the stream"):
        EXCHANGE.snapshot_request("BTC-USD")


@pytest.mark.parametrize(
    ("first", "last", "query"),
    [(7, 7, "after=8&limit=1"), (10, 19, "after=20&limit=10"), (1, 5000, "after=1001&limit=1000")],
)
def test_the_oldest_of_what_is_missing_is_asked_for_first(first: int, last: int, query: str) -> None:
    request = EXCHANGE.backfill_request(Missing("matches", "BTC-USD", first, last, 1, 2))
    assert request == RestRequest(f"/products/BTC-USD/trades?{query}", 1)


def test_only_matches_with_ids_are_asked_for() -> None:
    assert EXCHANGE.backfill_request(Missing("ticker", "BTC-USD", 1, 2, 1, 2)) is None
    assert EXCHANGE.backfill_request(Missing("matches", "BTC-USD", None, None, 1, 2)) is None


MISSED = (
    b'[{"time":"2014-11-07T22:19:28.578544Z","trade_id":74,"price":"10.00000000","size":"0.01000000",'
    b'"side":"buy"},{"time":"2014-11-07T01:08:43.642366Z","trade_id":73,"price":"100.00000000",'
    b'"size":"0.01000000","side":"sell"}]'
)


def test_missed_trades_come_oldest_first_with_the_takers_side() -> None:
    header = EXCHANGE.classify_backfill("matches", "BTC-USD", MISSED)
    assert header == Data("matches", "BTC-USD", Ids(73, 74))
    assert list(EXCHANGE.normalize_backfill(header, MISSED)) == [
        Trade("BTC-USD", 1415322523642366000, "73", "buy", 100.0, 0.01),
        Trade("BTC-USD", 1415398768578544000, "74", "sell", 10.0, 0.01),
    ]


def test_an_answer_without_trades_has_no_ids_and_an_error_is_no_answer() -> None:
    assert EXCHANGE.classify_backfill("matches", "BTC-USD", b"[]") == Data("matches", "BTC-USD")
    assert isinstance(EXCHANGE.classify_backfill("matches", "BTC-USD", b'{"message":"NotFound"}'), Malformed)


def test_a_gap_is_filled_by_the_answer_to_its_request() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for number in (72, 75):
        continuity.observe(Data("matches", "BTC-USD", Ids(number, number)), 0)
    continuity.observe(EXCHANGE.classify_backfill("matches", "BTC-USD", MISSED), 0)
    assert continuity.open_gaps("matches", "BTC-USD") == []


def test_the_products_are_listed_with_their_steps() -> None:
    body = (
        b'[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01",'
        b'"base_increment":"0.00000001","display_name":"BTC-USD","min_market_funds":"1","status":"online",'
        b'"trading_disabled":false},{"id":"OLD-USD","base_currency":"OLD","quote_currency":"USD",'
        b'"quote_increment":"0.0001","base_increment":"1","status":"delisted","trading_disabled":true}]'
    )
    assert EXCHANGE.instruments_requests() == (RestRequest("/products", 1),)
    assert list(EXCHANGE.instruments(body)) == [
        Instrument("BTC-USD", "BTC", "USD", "spot", tick=0.01, lot=0.00000001),
        Instrument("OLD-USD", "OLD", "USD", "spot", tick=0.0001, lot=1.0, active=False),
    ]


def test_a_snapshot_of_which_no_level_can_be_read_is_no_empty_book() -> None:
    message = b'{"type":"snapshot","product_id":"A-B","bids":[["1","0.-1"]],"asks":[["x","1"]]}'
    header = EXCHANGE.classify(message)
    with pytest.raises(ValueError, match=r"bids|Expected"):
        EXCHANGE.normalize(header, message)
    empty = message.replace(b'["1","0.-1"]', b"").replace(b'["x","1"]', b"")
    assert list(EXCHANGE.normalize(header, empty)) == [BookUpdate("A-B", None, True, [], [])]
