from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.gemini.exchange import Gemini
from daedalus.exchanges.model import Data, Ids, Malformed, Missing, Reply, RestRequest, Subscription, Unknown
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, Instrument, Quote, Row, Trade

EXCHANGE = Gemini()

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
REAL = [TRADE, CHANGE, *BOOK, TICKER, b'{"id":1,"status":200}']


def rows(message: bytes) -> list[Row]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


@pytest.mark.parametrize(("maker", "side"), [(b"true", "sell"), (b"false", "buy")])
def test_a_trade_has_the_takers_side_and_its_time_to_the_nanosecond(maker: bytes, side: str) -> None:
    message = TRADE.replace(b"true", maker)
    time = 1783981140085684200
    assert EXCHANGE.classify(message) == Data("trade", "btcrlusd", None, time)
    assert rows(message) == [Trade("btcrlusd", time, "2840141014190422", side, 62145.38, 0.01625222)]


def test_a_book_begins_with_a_snapshot_that_stands_for_one_number() -> None:
    snapshot, change, _ = BOOK
    first, last, time = 1764527605192323, 1764527605192686, 1789505894447220874
    assert EXCHANGE.classify(snapshot) == Data(
        "depth", "ethusdcperp", Ids(first, first), time, is_snapshot=True
    )
    assert rows(snapshot) == [
        BookUpdate(
            *("ethusdcperp", time, True, [(2482.55, 1.047), (2482.0, 2.0)], [(2483.5, 1.047), (2484.0, 3.0)]),
            *(first, first),
        )
    ]
    later = 1789505894547220874
    assert EXCHANGE.classify(change) == Data("depth", "ethusdcperp", Ids(first + 1, last, first), later)
    assert rows(change) == [
        BookUpdate(
            *("ethusdcperp", later, False, [(2482.55, 0.0)], [(2483.5, 0.0), (2483.45, 1.047)]),
            *(first + 1, last),
        )
    ]


def test_a_stored_message_reads_as_it_did_live() -> None:
    live = EXCHANGE.reader()
    for message in (*BOOK, CHANGE):
        header = live(message)
        assert EXCHANGE.classify_stored("depth", header.symbol, message) == header


def test_an_empty_book_is_a_snapshot_and_a_change_that_comes_first_is_none() -> None:
    empty = b'{"e":"depthUpdate","E":1,"s":"a","U":7,"u":7,"b":[],"a":[]}'
    assert EXCHANGE.classify(empty).is_snapshot
    assert rows(empty) == [BookUpdate("a", 1, True, [], [], 7, 7)]
    assert not EXCHANGE.classify(CHANGE).is_snapshot


def test_a_lost_change_is_a_gap_of_unknown_size_until_a_change_or_a_snapshot_closes_it() -> None:
    def gaps(*messages: bytes) -> list[tuple[int, int, int | None]]:
        continuity = Continuity(EXCHANGE.channels)
        found = [continuity.observe(EXCHANGE.classify(message), 0).gap for message in messages]
        return [(gap.from_id, gap.to_id, gap.missing) for gap in found if gap]

    assert gaps(*BOOK) == []
    assert gaps(BOOK[0], BOOK[2]) == [(1764527605192323, 1764527605192687, None)]
    assert gaps(*BOOK, BOOK[1]) == []  # the same again, from another connection


def test_a_quote_leaves_out_what_is_empty() -> None:
    time = 1751508438600117161
    assert EXCHANGE.classify(TICKER) == Data("bookTicker", "btcusd", None, time)
    assert rows(TICKER) == [Quote("btcusd", time, 45000.5, 1.25, 45001.0, 0.75, 1751505576085)]
    empty = TICKER.replace(b'"45000.50"', b'""').replace(b',"A":"0.75000000"', b"")
    assert rows(empty) == [Quote("btcusd", time, None, 1.25, 45001.0, None, 1751505576085)]


def test_replies_have_their_number_and_errors_their_words() -> None:
    assert EXCHANGE.classify(b'{"id":1,"status":200}') == Reply(1)
    assert EXCHANGE.classify(b'{"id":"a","status":200,"result":{}}') == Reply()
    wrong = (
        b'{"id":4,"status":400,"error":{"code":-1013,"msg":"Invalid stream name: nosuchperp@depth@100ms"}}'
    )
    words = "Invalid stream name: nosuchperp@depth@100ms (code -1013)"
    assert EXCHANGE.classify(wrong) == Reply(4, error=words)
    bare = b'{"id":4,"status":503}'
    assert EXCHANGE.classify(bare) == Reply(4, error="refused (code 503)")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"e":"contractStatus","E":1,"s":"a"}', Unknown),
        (b'{"E":1,"s":"a"}', Unknown),
        (b'{"e":"depthUpdate","E":1,"s":"a","u":5}', Malformed),
        (b'{"e":"depthUpdate","E":1,"s":"a","U":6,"u":5,"b":[],"a":[]}', Malformed),
        (b'{"E":1,"s":"a","t":"x"}', Malformed),
        (b'{"lastUpdateId":1,"bids":[],"asks":[]}', Unknown),
        (b'{"id":1}', Unknown),
        (b"[]", Unknown),
        (b"{", Malformed),
        (b"\xff", Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


@given(message=st.sampled_from(REAL), cut=st.integers(0, 250), put=st.binary(max_size=4))
def test_damage_never_raises(message: bytes, cut: int, put: bytes) -> None:
    damaged = message[:cut] + put + message[cut + len(put) :]
    header = EXCHANGE.classify(damaged)
    if isinstance(header, Data):
        assert header.ids is None or header.ids.first <= header.ids.last < 2**62
        try:
            assert all(row.symbol == header.symbol for row in EXCHANGE.normalize(header, damaged))
        except UNREADABLE:
            return


def test_each_stream_is_asked_for_by_itself_so_that_one_wrong_name_costs_no_other() -> None:
    wanted = [
        Subscription(channel, f"s{number}usd")
        for channel in ("depth", "trade", "bookTicker")
        for number in range(150)
    ]
    plans = EXCHANGE.plan([*wanted, wanted[0]], "ws://127.0.0.1:9")
    assert [len(plan.subscriptions) for plan in plans] == [300, 150]
    assert {plan.url for plan in plans} == {"ws://127.0.0.1:9?snapshot=-1"}
    names = [json.loads(request.text)["params"] for plan in plans for request in plan.requests]
    assert names[0] == ["s0usd@depth@100ms"]
    assert names[150] == ["s0usd@trade"]
    assert names[300] == ["s0usd@bookTicker"]
    for plan in plans:
        assert plan.keepalive_text is not None
        assert json.loads(plan.keepalive_text)["method"] == "ping"
        assert json.loads(plan.keepalive_text)["id"] not in {request.id for request in plan.requests}
        assert [request.subscriptions for request in plan.requests] == [(one,) for one in plan.subscriptions]
        assert [json.loads(request.text)["id"] for request in plan.requests] == [
            request.id for request in plan.requests
        ]


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("wss://ws.gemini.com", "wss://ws.gemini.com?snapshot=-1"),
        (Gemini.websocket_url, Gemini.websocket_url),
        ("ws://localhost:1/path?snapshot=20", "ws://localhost:1/path?snapshot=20"),
    ],
)
def test_whole_books_are_asked_for_unless_the_address_says_otherwise(url: str, endpoint: str) -> None:
    (plan,) = EXCHANGE.plan([Subscription("depth", "btcusd")], url)
    assert plan.url == endpoint


def test_a_fresh_snapshot_comes_with_a_new_subscription() -> None:
    texts = [json.loads(text) for text in EXCHANGE.resubscribe(Subscription("depth", "btcusd"))]
    assert [(text["method"], text["params"]) for text in texts] == [
        ("unsubscribe", ["btcusd@depth@100ms"]),
        ("subscribe", ["btcusd@depth@100ms"]),
    ]


def test_missed_trades_are_asked_for_from_a_time_on() -> None:
    missing = Missing("trade", "btcusd", None, None, 1783981140085684200, 1783981150085684200)
    assert EXCHANGE.backfill_request(missing) == RestRequest(
        "/v1/trades/btcusd?timestamp=1783981140084&limit_trades=500", weight=1
    )
    assert EXCHANGE.backfill_request(Missing("depth", "btcusd", 1, 2, 0, 1)) is None


def test_missed_trades_come_out_oldest_first_and_auctions_are_left_out() -> None:
    body = (
        b'[{"timestamp":1638891173,"timestampms":1638891173519,"tid":73621746147,"price":"0.0027","amount":"1",'
        b'"exchange":"gemini","type":"auction"},{"timestamp":1638891173,"timestampms":1638891173518,'
        b'"tid":73621746145,"price":"50720.53","amount":"0.0027","exchange":"gemini","type":"sell"},'
        b'{"timestamp":1638891172,"timestampms":1638891172518,"tid":73621746140,"price":"50720.5",'
        b'"amount":"0.5","exchange":"gemini","type":"buy"}]'
    )
    header = EXCHANGE.classify_backfill("trade", "btcusd", body)
    assert header == Data("trade", "btcusd")
    assert EXCHANGE.normalize_backfill(header, body) == [
        Trade("btcusd", 1638891172518_000_000, "73621746140", "buy", 50720.5, 0.5),
        Trade("btcusd", 1638891173518_000_000, "73621746145", "sell", 50720.53, 0.0027),
    ]
    assert EXCHANGE.classify_backfill("trade", "a", b"[]") == Data("trade", "a")
    error = b'{"result":"error","reason":"InvalidSymbol","message":"x"}'
    assert isinstance(EXCHANGE.classify_backfill("trade", "a", error), Malformed)


def test_symbols_are_taken_apart() -> None:
    assert EXCHANGE.symbol(" BTCUSD ") == "btcusd"
    assert [request.path for request in EXCHANGE.instruments_requests()] == ["/v1/symbols"]
    body = b'["btcusd","ethbtc","btcgusdperp","linkrlusd","solusdcperp","usdtusd","usdcusd"]'
    assert EXCHANGE.instruments(body) == [
        Instrument("btcusd", "BTC", "USD", "spot"),
        Instrument("ethbtc", "ETH", "BTC", "spot"),
        Instrument("btcgusdperp", "BTC", "GUSD", "perpetual"),
        Instrument("linkrlusd", "LINK", "RLUSD", "spot"),
        Instrument("solusdcperp", "SOL", "USDC", "perpetual"),
        Instrument("usdtusd", "USDT", "USD", "spot"),
        Instrument("usdcusd", "USDC", "USD", "spot"),
    ]
