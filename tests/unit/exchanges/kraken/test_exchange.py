from __future__ import annotations

import json
from itertools import chain

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kraken_recording import BTC_USD

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.kraken.book import KrakenBook
from daedalus.exchanges.kraken.exchange import DEPTH, Kraken
from daedalus.exchanges.model import Data, Heartbeat, Ids, Malformed, Missing, Reply, Subscription, Unknown
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, Instrument, Quote, Trade

EXCHANGE = Kraken()

# As they came in 2023 to 2026; the trades are those of the documentation.
STATUS = (
    b'{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2",'
    b'"connection_id":15113583034416118705}]}'
)
TRADES = (
    b'{"channel":"trade","type":"snapshot","data":['
    b'{"symbol":"MATIC/USD","side":"buy","price":0.5147,"qty":6423.46326,"ord_type":"limit",'
    b'"trade_id":4665846,"timestamp":"2023-09-25T07:48:36.925533Z"},'
    b'{"symbol":"MATIC/USD","side":"buy","price":0.5147,"qty":1136.19677815,"ord_type":"limit",'
    b'"trade_id":4665847,"timestamp":"2023-09-25T07:49:36.925603Z"}]}'
)
TRADE = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,'
    b'"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}'
)
BOOK = (
    b'{"channel":"book","type":"update","data":[{"symbol":"ETH/USDC","bids":[],'
    b'"asks":[{"price":3213.71,"qty":0.00000000},{"price":3214.99,"qty":5.11001334}],"checksum":2768700782,'
    b'"timestamp":"2026-01-19T16:15:30.114195Z"}]}'
)
TICKER = (
    b'{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":108359.8,"bid_qty":0.01362603,'
    b'"ask":108359.9,"ask_qty":17.17988863,"last":108359.8,"volume":2158.32346723,"vwap":108894.5,'
    b'"low":106824,"high":111300,"change":-2679.9,"change_pct":-2.41}]}'
)
SUBSCRIBED = (
    b'{"method":"subscribe","result":{"channel":"ticker","event_trigger":"bbo","snapshot":true,'
    b'"symbol":"BTC/USD"},"success":true,"time_in":"2026-08-16T23:37:04.334090Z",'
    b'"time_out":"2026-08-16T23:37:04.334135Z","req_id":21}'
)
REFUSED = (
    b'{"error":"Currency pair not supported XDG/USD","method":"subscribe","req_id":12,"success":false,'
    b'"symbol":"XDG/USD","time_in":"2025-12-20T07:39:28.809188Z","time_out":"2025-12-20T07:39:28.809200Z"}'
)
BAD_DEPTH = (
    b'{"error":"Subscription depth not supported","method":"subscribe","req_id":12,"success":false,'
    b'"time_in":"2026-08-16T23:54:19.629313Z","time_out":"2026-08-16T23:54:19.629343Z"}'
)
REST_TRADES = (
    b'{"error":[],"result":{"BTC/USD":[["30243.40000","0.34507674",1688669597.8277369,"b","m","",61044952],'
    b'["30243.30000","0.00376960",1688669598.2804112,"s","l","",61044953],'
    b'["30243.30000","0.01235716",1688669602.698379,"s","m","",61044956]],"last":"1688671969993150842"}}'
)
PAIRS = (
    b'{"error":[],"result":{"BTC/USD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency",'
    b'"base":"BTC","quote":"USD","lot":"unit","cost_decimals":5,"pair_decimals":1,"lot_decimals":8,'
    b'"tick_size":"0.1","status":"online"},"XXDGZUSD":{"altname":"XDGUSD","wsname":"XDG/USD","base":"XXDG",'
    b'"quote":"ZUSD","pair_decimals":7,"lot_decimals":8,"status":"cancel_only"},'
    b'"AAPLx/USD":{"altname":"AAPLxUSD","wsname":"AAPLx/USD","base":"AAPLx","quote":"USD",'
    b'"pair_decimals":2,"lot_decimals":8,"tick_size":"0.01","status":"online"},'
    b'"NOWSNAME":{"altname":"NOWSNAME","base":"A","quote":"B","pair_decimals":2,"lot_decimals":8}}}'
)
BOOK_NS = 1768839330114195000
TRADE_NS = 1695628177708706000


def rows(message: bytes) -> list[object]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


def test_trades_have_the_takers_side_and_an_id_that_proves() -> None:
    assert EXCHANGE.classify(TRADE) == Data("trade", "MATIC/USD", Ids(4665906, 4665906), TRADE_NS)
    assert rows(TRADE) == [Trade("MATIC/USD", TRADE_NS, "4665906", "sell", 0.5117, 40.0)]


def test_a_run_of_trades_is_one_header_with_the_time_of_the_last() -> None:
    last_ns = 1695628176925603000
    assert EXCHANGE.classify(TRADES) == Data("trade", "MATIC/USD", Ids(4665846, 4665847), last_ns)
    assert [row.id for row in EXCHANGE.normalize(EXCHANGE.classify(TRADES), TRADES)] == ["4665846", "4665847"]


def test_trades_that_are_not_consecutive_or_of_two_symbols_are_more_headers() -> None:
    data = [
        {"symbol": symbol, "side": "buy", "price": 1, "qty": 2, "trade_id": number, "timestamp": ""}
        for symbol, number in [("A/B", 9), ("C/D", 4), ("A/B", 5), ("A/B", 6)]
    ]
    message = json.dumps({"channel": "trade", "type": "update", "data": data}).encode()
    header = EXCHANGE.classify(message)
    found = [(each.symbol, each.ids) for each in (header, *header.more)]
    assert found == [("A/B", Ids(5, 6)), ("A/B", Ids(9, 9)), ("C/D", Ids(4, 4))]
    trades = EXCHANGE.normalize(header, message)
    assert [(each.symbol, each.id) for each in trades if isinstance(each, Trade)] == [
        ("C/D", "4"),
        ("A/B", "5"),
        ("A/B", "6"),
        ("A/B", "9"),
    ]


def test_a_book_update_keeps_the_order_of_its_levels() -> None:
    assert EXCHANGE.classify(BOOK) == Data("book", "ETH/USDC", None, BOOK_NS)
    assert rows(BOOK) == [BookUpdate("ETH/USDC", BOOK_NS, False, [], [(3213.71, 0.0), (3214.99, 5.11001334)])]


def test_a_snapshot_is_a_whole_book() -> None:
    header = EXCHANGE.classify(BTC_USD[0])
    assert (type(header), header.channel, header.symbol, header.is_snapshot) == (
        Data,
        "book",
        "BTC/USD",
        True,
    )
    (book,) = EXCHANGE.normalize(header, BTC_USD[0])
    assert isinstance(book, BookUpdate)
    assert book.is_snapshot
    assert (book.bids[0], book.asks[0]) == ((62802.5, 0.02987767), (62802.6, 1.09074394))
    assert not any(EXCHANGE.classify(message).is_snapshot for message in BTC_USD[1:])


def test_a_ticker_tells_the_top_of_the_book_and_may_lack_a_time() -> None:
    assert EXCHANGE.classify(TICKER) == Data("ticker", "BTC/USD")
    assert rows(TICKER) == [Quote("BTC/USD", None, 108359.8, 0.01362603, 108359.9, 17.17988863)]
    timed = TICKER.replace(b'"last"', b'"timestamp":"1970-01-01T00:00:00.000000Z","last"')
    assert EXCHANGE.classify(timed).exchange_ns is None
    one_sided = TICKER.replace(b'"bid":108359.8,"bid_qty":0.01362603,', b"")
    assert rows(one_sided) == [Quote("BTC/USD", None, None, None, 108359.9, 17.17988863)]


@pytest.mark.parametrize(
    "message",
    [
        b'{"channel":"heartbeat"}',
        b'{"channel": "heartbeat"}',
        STATUS,
        STATUS.replace(b"online", b"maintenance"),
        b'{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z"}',
        b'{"channel":"trade","type":"snapshot","data":[]}',
    ],
)
def test_signs_of_life_concern_the_connection_alone(message: bytes) -> None:
    assert EXCHANGE.classify(message) == Heartbeat()


def test_a_confirmation_names_what_is_served() -> None:
    served = (Subscription("ticker", "BTC/USD"),)
    assert EXCHANGE.classify(SUBSCRIBED) == Reply(subscriptions=served)
    gone = SUBSCRIBED.replace(b'"method":"subscribe"', b'"method":"unsubscribe"')
    assert EXCHANGE.classify(gone) == Reply()


def test_a_refusal_names_what_was_refused_as_far_as_the_exchange_says() -> None:
    error = "Currency pair not supported XDG/USD"
    refused = (Subscription("book", "XDG/USD"),)
    assert EXCHANGE.classify(REFUSED) == Reply(subscriptions=refused, error=error)
    whole = Reply(12, error="Subscription depth not supported")
    assert EXCHANGE.classify(BAD_DEPTH) == whole
    anonymous = BAD_DEPTH.replace(b'"req_id":12,', b"")
    assert EXCHANGE.classify(anonymous) == Reply(error="Subscription depth not supported")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[]}}', Unknown),
        (b'{"channel":"ohlc","type":"update","data":[{"symbol":"A/B"}]}', Unknown),
        (b'{"event":"systemStatus","status":"online"}', Unknown),
        (b"[]", Unknown),
        (b"{", Malformed),
        (b"\xff", Malformed),
        (b'{"channel":"trade","type":"update","data":[{"symbol":"A/B"}]}', Malformed),
        (b'{"channel":"trade","type":"update","data":[{"trade_id":4}]}', Malformed),
        (b'{"channel":"trade","type":"update","data":[{"symbol":"A/B","trade_id":"x"}]}', Malformed),
        (b'{"channel":"book","type":"update","data":[{"bids":[],"asks":[]}]}', Malformed),
        (b'{"channel":"book","data":5}', Malformed),
        (b'{"channel":"book","data":' + b"[" * 100_000, Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


REAL = [TRADES, TRADE, BOOK, TICKER, SUBSCRIBED, REFUSED, STATUS, *BTC_USD[:2]]


@given(
    message=st.sampled_from(REAL), at=st.integers(0, 500), put=st.binary(max_size=4), cut=st.integers(0, 6)
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


@given(at=st.integers(0, 400), put=st.binary(max_size=4), cut=st.integers(0, 6))
def test_damaged_answers_are_classified(at: int, put: bytes, cut: int) -> None:
    for body in (REST_TRADES, PAIRS):
        damaged = body[:at] + put + body[at + cut :]
        header = EXCHANGE.classify_backfill("trade", "BTC/USD", damaged)
        try:
            if isinstance(header, Data):
                EXCHANGE.normalize_backfill(header, damaged)
            EXCHANGE.instruments(damaged)
        except UNREADABLE:
            continue


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("btc/usd", "BTC/USD"),
        (" XBT/USD ", "BTC/USD"),
        ("xdg/eur", "DOGE/EUR"),
        ("ETH/XBT", "ETH/BTC"),
        ("AAPLx/USD", "AAPLx/USD"),
        ("AAPLx/usd", "AAPLx/USD"),
        ("AVAX/USD", "AVAX/USD"),
        ("avax/usd", "AVAX/USD"),
    ],
)
def test_symbols_are_spelled_as_on_the_websocket(text: str, symbol: str) -> None:
    assert EXCHANGE.symbol(text) == symbol


def test_hundreds_of_symbols_are_spread_over_connections() -> None:
    symbols = [f"S{number}/USD" for number in range(320)]
    wanted = [Subscription(channel, one) for channel in ("book", "trade", "ticker") for one in symbols]
    plans = EXCHANGE.plan(wanted, "ws://127.0.0.1:5")
    assert [len(plan.subscriptions) for plan in plans] == [150] * 6 + [60]
    assert {plan.url for plan in plans} == {"ws://127.0.0.1:5/v2"}
    assert EXCHANGE.plan(wanted[:1], EXCHANGE.websocket_url)[0].url == EXCHANGE.websocket_url
    assert sorted(chain.from_iterable(plan.subscriptions for plan in plans)) == sorted(wanted)
    for plan in plans:
        assert [request.id % 10 for request in plan.requests] == [0, 1, 2]
        asked = [
            Subscription(text["params"]["channel"], symbol)
            for request in plan.requests
            for text in [json.loads(request.text)]
            for symbol in text["params"]["symbol"]
        ]
        assert asked == [one for request in plan.requests for one in request.subscriptions]
        assert sorted(asked) == sorted(plan.subscriptions)


def test_each_channel_is_asked_for_as_the_exchange_wants_it() -> None:
    wanted = [Subscription(channel, "BTC/USD") for channel in ("book", "trade", "ticker")]
    (plan,) = EXCHANGE.plan(wanted, EXCHANGE.websocket_url)
    common = {"symbol": ["BTC/USD"], "snapshot": True}
    assert [json.loads(request.text) for request in plan.requests] == [
        {"method": "subscribe", "params": {"channel": "trade", **common}, "req_id": 10},
        {
            "method": "subscribe",
            "params": {"channel": "ticker", **common, "event_trigger": "bbo"},
            "req_id": 21,
        },
        {"method": "subscribe", "params": {"channel": "book", "depth": DEPTH, **common}, "req_id": 32},
    ]
    assert plan.silence_seconds == 10.0


def test_a_fresh_book_comes_by_asking_anew() -> None:
    texts = [json.loads(text) for text in EXCHANGE.resubscribe(Subscription("book", "BTC/USD"))]
    params = {"channel": "book", "symbol": ["BTC/USD"], "depth": DEPTH}
    assert texts == [
        {"method": "unsubscribe", "params": params, "req_id": 2},
        {"method": "subscribe", "params": {**params, "snapshot": True}, "req_id": 2},
    ]


def test_missed_trades_are_asked_for_by_time() -> None:
    from_ns = 1_700_000_000_000_000_000
    missing = Missing("trade", "BTC/USD", 5, 9, from_ns, from_ns + 10**9)
    request = EXCHANGE.backfill_request(missing)
    assert request is not None
    assert request.path == (
        "/0/public/Trades?pair=BTC%2FUSD&since=1699999998000000000&count=1000&assetVersion=1"
    )
    stock = EXCHANGE.backfill_request(msgspec.structs.replace(missing, symbol="AAPLx/USD"))
    assert stock is not None
    assert stock.path.endswith("&asset_class=tokenized_asset")
    assert EXCHANGE.backfill_request(Missing("book", "BTC/USD", None, None, 1, 2)) is None


def test_the_answer_to_a_backfill_has_runs_of_ids_and_exact_times() -> None:
    header = EXCHANGE.classify_backfill("trade", "BTC/USD", REST_TRADES)
    assert header == Data(
        "trade", "BTC/USD", Ids(61044952, 61044953), more=(Data("trade", "BTC/USD", Ids(61044956, 61044956)),)
    )
    assert EXCHANGE.normalize_backfill(header, REST_TRADES) == [
        Trade("BTC/USD", 1688669597827736900, "61044952", "buy", 30243.4, 0.34507674),
        Trade("BTC/USD", 1688669598280411200, "61044953", "sell", 30243.3, 0.0037696),
        Trade("BTC/USD", 1688669602698379000, "61044956", "sell", 30243.3, 0.01235716),
    ]


def test_an_answer_without_trades_is_data_and_a_refusal_is_not() -> None:
    nothing = b'{"error":[],"result":{"BTC/USD":[],"last":"1688671969993150842"}}'
    assert EXCHANGE.classify_backfill("trade", "BTC/USD", nothing) == Data("trade", "BTC/USD")
    refused = b'{"error":["EGeneral:Too many requests"],"result":{}}'
    assert isinstance(EXCHANGE.classify_backfill("trade", "BTC/USD", refused), Malformed)


def test_pairs_are_instruments_in_the_spelling_of_the_websocket() -> None:
    assert [request.path for request in EXCHANGE.instruments_requests()] == [
        "/0/public/AssetPairs?assetVersion=1",
        "/0/public/AssetPairs?assetVersion=1&aclass_base=tokenized_asset",
    ]
    found = EXCHANGE.instruments(PAIRS)
    assert found == [
        Instrument("BTC/USD", "BTC", "USD", "spot", 0.1, 1e-8),
        Instrument("DOGE/USD", "DOGE", "USD", "spot", 1e-7, 1e-8, active=False),
        Instrument("AAPLx/USD", "AAPLx", "USD", "spot", 0.01, 1e-8),
    ]
    assert [EXCHANGE.symbol(each.symbol) for each in found] == [each.symbol for each in found]


def trade(number: int, time: str = "2023-09-25T07:49:37.708706Z") -> bytes:
    return TRADE.replace(b"4665906", b"%d" % number).replace(b"2023-09-25T07:49:37.708706Z", time.encode())


def test_a_lost_trade_leaves_the_gap_it_is() -> None:
    continuity = Continuity(EXCHANGE.channels)
    observed = [continuity.observe(EXCHANGE.classify(trade(number)), number) for number in (5, 6, 9)]
    assert [each.gap is None for each in observed] == [True, True, False]
    assert continuity.open_gaps("trade", "MATIC/USD") == [(7, 8)]


def test_old_trades_sent_on_subscribing_again_are_no_new_count_of_ids() -> None:
    continuity = Continuity(EXCHANGE.channels)
    continuity.observe(EXCHANGE.classify(trade(8)), 1)
    again = continuity.observe(EXCHANGE.classify(trade(8)), 10**12)
    assert (again.duplicate, again.reset, again.gap) == (True, False, None)


def test_books_are_checked_and_nothing_else_is() -> None:
    check = EXCHANGE.book_check("book", "BTC/USD")
    assert isinstance(check, KrakenBook)
    assert check.apply(EXCHANGE.classify(BTC_USD[0]), BTC_USD[0]) is True
    again = EXCHANGE.book_check("book", "BTC/USD", check.state())
    assert again is not None
    assert again.apply(EXCHANGE.classify(BTC_USD[1]), BTC_USD[1]) is True
    assert EXCHANGE.book_check("trade", "BTC/USD") is None
