"""Bitfinex: what each real message is, how a connection's numbers and checksums prove it whole."""

from __future__ import annotations

import contextlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.bitfinex.exchange import Bitfinex, BitfinexReader
from daedalus.exchanges.model import (
    Data,
    Header,
    Heartbeat,
    Malformed,
    Missing,
    Notice,
    Reply,
    RestRequest,
    Subscription,
    Unknown,
)
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Instrument, Liquidation, Quote, Row, Trade

EXCHANGE = Bitfinex()
BOOK_SUBSCRIBED = (
    b'{"event":"subscribed","channel":"book","chanId":6959,"symbol":"tETHUSD","prec":"P0","freq":"F0",'
    b'"len":"250","pair":"ETHUSD"}'
)
SNAPSHOT = b"[6959,[[216,2,31.52],[218.75,1,-13.33333333],[218.76,1,-2]],10,1564617600541]"
LIQUIDATED = (
    b'[907,[["pos",143679087,1594036710543,null,"tETHF0:USTF0",-4.56671421,222.248906484356,null,1,1,null,'
    b"235.52]],1206215,1594036710595]"
)


def subscribed(channel: str, number: int, **named: str) -> bytes:
    return json.dumps({"event": "subscribed", "channel": channel, "chanId": number, **named}).encode()


def connection() -> BitfinexReader:
    """A connection on which every channel was subscribed to."""
    reader = EXCHANGE.reader()
    for message in (
        BOOK_SUBSCRIBED,
        subscribed("trades", 89, symbol="tBTCUSD", pair="BTCUSD"),
        subscribed("ticker", 232949, symbol="tBFTUSD", pair="BFTUSD"),
        subscribed("status", 23928, key="deriv:tBTCF0:USTF0"),
        subscribed("status", 907, key="liq:global"),
    ):
        assert isinstance(reader(message), Reply)
    return reader


def read(message: bytes) -> tuple[Header, list[Row]]:
    header = connection()(message)
    assert EXCHANGE.classify_stored(header.channel, header.symbol, message) == header
    return header, list(EXCHANGE.normalize(header, message))


def test_a_trade_has_its_row_when_it_is_told_first() -> None:
    te = b'[89,"te",[382489563,1564617600709,0.00705845,10087.98969503],18,1564617600784]'
    header, rows = read(te)
    assert header == Data("trades", "tBTCUSD", exchange_ns=1564617600784000000, sequence=18)
    assert rows == [Trade("tBTCUSD", 1564617600709000000, "382489563", "buy", 10087.98969503, 0.00705845)]
    header, rows = read(te.replace(b"te", b"tu").replace(b",18,", b",19,"))
    assert (type(header), header.sequence, rows) == (Data, 19, [])


def test_recent_trades_come_oldest_first_and_negative_amounts_are_sold() -> None:
    message = b"[89,[[669899159,1618665870435,166.39,0.0769],[669898213,1618661110078,-2272.5,0.0689]],9]"
    header, rows = read(message)
    assert (header.sequence, header.exchange_ns, header.is_snapshot) == (9, None, False)
    assert rows == [
        Trade("tBTCUSD", 1618661110078000000, "669898213", "sell", 0.0689, 2272.5),
        Trade("tBTCUSD", 1618665870435000000, "669899159", "buy", 0.0769, 166.39),
    ]


def test_a_book_begins_whole_and_changes_level_by_level() -> None:
    header, rows = read(SNAPSHOT)
    assert (header.is_snapshot, header.sequence, header.ids) == (True, 10, None)
    asks = [(218.75, 13.33333333), (218.76, 2.0)]
    assert rows == [BookUpdate("tETHUSD", 1564617600541000000, True, [(216.0, 31.52)], asks)]
    header, rows = read(b"[6959,[219.11,3,-18.10913638],45,1564617601214]")
    assert not header.is_snapshot
    assert rows == [BookUpdate("tETHUSD", 1564617601214000000, False, [], [(219.11, 18.10913638)])]


@pytest.mark.parametrize(("sign", "bids", "asks"), [(1, [(218.9, 0.0)], []), (-1, [], [(218.9, 0.0)])])
def test_a_level_without_orders_is_gone_from_the_side_of_its_sign(sign: int, bids: Any, asks: Any) -> None:
    _, rows = read(b"[6959,[218.9,0,%d],61,1564617601769]" % sign)
    assert rows == [BookUpdate("tETHUSD", 1564617601769000000, False, bids, asks)]


def test_an_empty_book_is_whole() -> None:
    header, rows = read(b"[6959,[],11,1564617601769]")
    assert header.is_snapshot
    assert rows == [BookUpdate("tETHUSD", 1564617601769000000, True, [], [])]


def test_a_ticker_tells_the_touch_but_not_how_much_is_there() -> None:
    message = (
        b"[232949,[0.068965,60157.36709703,0.0774,48578.50804052,0.001969,0.0262,0.076989,101459.39453471,"
        b"0.0828,0.068961],1]"
    )
    header, rows = read(message)
    assert (header.channel, header.sequence) == ("ticker", 1)
    assert rows == [Quote("tBFTUSD", None, 0.068965, None, 0.0774, None)]
    empty = b"[232949,[null,0,0.0774,48578.50804052,null],1]"
    assert read(empty)[1] == [Quote("tBFTUSD", None, None, None, 0.0774, None)]


def test_a_derivatives_status_is_read_by_place() -> None:
    message = (
        b"[23928,[1590596819000,null,9166.30324769,9169.35,null,1372762.95402242,null,1590624000000,"
        b"-0.00001415,533,null,0,null,null,9170.3525,null,null,3005.25851857],962044,1590596820986]"
    )
    header, rows = read(message)
    assert header.exchange_ns == 1590596820986000000
    assert rows == [
        DerivativeTicker(
            "tBTCF0:USTF0",
            1590596819000000000,
            funding_timestamp=1590624000000000000,
            funding_rate=0.0,
            predicted_funding_rate=-0.00001415,
            open_interest=3005.25851857,
            index_price=9169.35,
            mark_price=9170.3525,
        )
    ]
    short = b"[23928,[1569715201000,null,173.535,173.57,null,101052.04082882,null,1569744000000,0,0],7]"
    assert read(short)[1] == [
        DerivativeTicker(
            "tBTCF0:USTF0",
            1569715201000000000,
            funding_timestamp=1569744000000000000,
            predicted_funding_rate=0.0,
            index_price=173.57,
        )
    ]


def test_a_liquidation_has_a_row_where_its_price_is_told() -> None:
    header, rows = read(LIQUIDATED)
    assert (header.channel, header.symbol, header.sequence) == ("liq", "tETHF0:USTF0", 1206215)
    time = 1594036710543000000
    assert rows == [Liquidation("tETHF0:USTF0", time, "143679087", "buy", 235.52, 4.56671421, 235.52)]
    assert read(LIQUIDATED.replace(b"235.52", b"null"))[1] == []


def test_liquidations_of_several_symbols_are_of_each_of_them() -> None:
    other = b'["pos",142397657,1574697680828.2002,null,"tBSVUSD",2.62932,91.58,null,1,1,null,112.27]'
    header, rows = read(LIQUIDATED.replace(b"]],", b"]," + other + b"],"))
    assert [part.symbol for part in (header, *header.more)] == ["tETHF0:USTF0", "tBSVUSD"]
    time, price = 1574697680828000000, 112.27
    assert rows[1] == Liquidation("tBSVUSD", time, "142397657", "sell", price, 2.62932, price)


def test_heartbeats_and_checksums_have_their_number_too() -> None:
    header, _ = read(b'[6959,"hb",3603,1569715249702]')
    expected_ns = 1569715249702000000
    assert header == Heartbeat("book", "tETHUSD", exchange_ns=expected_ns, sequence=3603)
    header, rows = read(b'[6959,"cs",-890884919,3604,1569715249702]')
    assert header == Data("book", "tETHUSD", exchange_ns=expected_ns, sequence=3604)
    assert rows == []


def test_what_comes_before_the_answer_is_a_heartbeat_or_unknown_but_counts() -> None:
    reader = EXCHANGE.reader()
    assert reader(b'[204928,"hb",127]') == Heartbeat(sequence=127)
    assert reader(SNAPSHOT) == Unknown(sequence=10)
    reader(BOOK_SUBSCRIBED)
    assert reader(SNAPSHOT).channel == "book"
    reader(b'{"event":"unsubscribed","status":"OK","chanId":6959}')
    assert isinstance(reader(SNAPSHOT), Unknown)


def test_each_connection_has_numbers_of_its_own() -> None:
    one, other = connection(), EXCHANGE.reader()
    other(subscribed("book", 89, symbol="tLTCUSD"))
    message = b"[89,[[1,1,1]],1]"
    assert (one(message).channel, other(message).symbol) == ("trades", "tLTCUSD")


def test_two_connections_say_the_same_with_other_numbers() -> None:
    other = EXCHANGE.reader()
    other(subscribed("book", 7, symbol="tETHUSD"))
    other(subscribed("status", 8, key="liq:global"))
    pairs = [
        (b"[6959,[218.9,0,1],61,1564617601769]", b"[7,[218.9,0,1],2,1564617601769]", True),
        (b"[6959,[218.9,0,1],61,1564617601769]", b"[7,[218.9,0,1],2,1564617601999]", False),
        (
            LIQUIDATED,
            LIQUIDATED.replace(b"[907", b"[8").replace(b",1206215,1594036710595", b",5,1594036710601"),
            True,
        ),
    ]
    for mine, theirs, same in pairs:
        identities = [
            EXCHANGE.identity(reader(text), text) for reader, text in ((connection(), mine), (other, theirs))
        ]
        assert (identities[0] == identities[1]) is same


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        (BOOK_SUBSCRIBED, Reply(subscriptions=(Subscription("book", "tETHUSD"),))),
        (b'{"event":"conf","status":"OK","flags":65536}', Reply(request_id=1)),
        (b'{"event":"conf","status":"FAILED"}', Reply(error="refused without a reason")),
        (
            b'{"channel":"book","symbol":"tNOPE","event":"error","msg":"symbol: invalid","code":10300}',
            Reply(subscriptions=(Subscription("book", "tNOPE"),), error="symbol: invalid (code 10300)"),
        ),
        (
            b'{"channel":"status","key":"liq:global","event":"error","msg":"key: invalid","code":10300}',
            Reply(subscriptions=(Subscription("liq", ""),), error="key: invalid (code 10300)"),
        ),
        (b'{"event":"error","msg":"unknown event","code":10000}', Reply(error="unknown event (code 10000)")),
    ],
)
def test_answers_name_what_is_served_or_refused(message: bytes, reply: Reply) -> None:
    assert EXCHANGE.classify(message) == reply


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"event":"info","version":2,"serverId":"083b","platform":{"status":1}}', Heartbeat),
        (b'{"event":"info","code":20051,"msg":"Stopping. Please try to reconnect"}', Notice),
        (b'{"event":"info","code":20060,"msg":"Entering in Maintenance mode"}', Notice),
        (b'{"event":"info","code":20061,"msg":"Maintenance ended"}', Notice),
        (b'{"event":"pong","ts":1511545528111,"cid":1234}', Heartbeat),
        (b'{"event":"auth"}', Unknown),
        (b'{"event":"subscribed","channel":"candles","chanId":1,"key":"trade:1m:tBTCUSD"}', Unknown),
        (b'[0,"os",[]]', Unknown),
        (b"[89]", Unknown),
        (b"[]", Unknown),
        (b"[89,[1,", Malformed),
        (b"\xff", Malformed),
        (b"[" * 100_000, Malformed),
        (b'[907,[["pos","x"]],5]', Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(connection()(message)) is kind


def test_a_lost_frame_shows_in_the_numbers_of_what_remains(recordings: Path) -> None:
    reader, numbers = EXCHANGE.reader(), []
    for payload in recorded(recordings):
        header = reader(payload)
        if header.sequence is not None:
            numbers.append(header.sequence)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 900


def test_every_message_of_a_recording_equals_a_plain_reading_of_it(recordings: Path) -> None:
    reader, streams = EXCHANGE.reader(), {}
    for payload in recorded(recordings):
        header, message = reader(payload), json.loads(payload)
        if isinstance(message, dict):
            if message["event"] == "subscribed":
                streams[message["chanId"]] = message["channel"], message["symbol"]
            assert type(header) is (Heartbeat if message["event"] == "info" else Reply)
            continue
        if message[1] == "hb":
            assert isinstance(header, Heartbeat)
            continue
        assert isinstance(header, Data)
        assert (header.channel, header.symbol) == streams[message[0]]
        assert told(EXCHANGE.normalize(header, payload)) == plain(header.channel, message)


def recorded(recordings: Path) -> list[bytes]:
    lines = (recordings / "BITFINEX.ws.11.0").read_bytes().split(b"\n")
    return [line.split(b": ", 1)[1] for line in lines if line[:1].isdigit()]


def plain(channel: str, message: list[Any]) -> list[Any]:
    body = message[1]
    if channel == "ticker":
        return [(body[0], body[2])]
    if channel == "trades":
        trades = sorted(body) if isinstance(body, list) else [message[2]] if body == "te" else []
        return [(str(each[0]), each[1], each[2], each[3]) for each in trades]
    levels = body if isinstance(body[0], list) else [body]
    return [
        sorted((price, amount if count else 0.0) for price, count, amount in levels if amount > 0),
        sorted((price, amount if count else 0.0) for price, count, amount in levels if amount < 0),
    ]


def told(rows: Any) -> list[Any]:
    found: list[Any] = []
    for row in rows:
        if isinstance(row, Quote):
            found.append((row.bid_price, row.ask_price))
        elif isinstance(row, Trade):
            assert row.timestamp is not None
            signed = row.amount if row.side == "buy" else -row.amount
            found.append((row.id, row.timestamp // 10**6, signed, row.price))
        elif isinstance(row, BookUpdate):
            found += [sorted(row.bids), sorted((price, -amount) for price, amount in row.asks)]
    return found


# The book and its checksums


def checksum(text: str, number: int = 20) -> bytes:
    value = zlib.crc32(text.encode())
    return b'[6959,"cs",%d,%d]' % (value - 2**32 if value >= 2**31 else value, number)


def verdicts(*messages: bytes) -> list[bool | None]:
    reader, check = connection(), EXCHANGE.book_check("book", "tETHUSD")
    assert check is not None
    return [check.apply(reader(message), message) for message in messages]


def test_checksums_are_of_the_texts_that_the_exchange_wrote_best_levels_in_turn() -> None:
    text = "216:31.52:218.75:-13.33333333:218.76:-2"
    changed = "216:31.52:215.5:1.7e-7:218.75:-13.33333333"
    assert verdicts(
        SNAPSHOT,
        checksum(text),
        b"[6959,[218.76,0,-1],12]",
        b"[6959,[215.5,4,1.7e-7],13]",
        checksum(changed.replace("215.5:1.7e-7:218.75:-13.33333333", "218.75:-13.33333333:215.5:1.7e-7")),
    ) == [None, True, None, None, True]


def test_only_the_best_twenty_five_of_each_side_count() -> None:
    bids = [(100 - place, place + 1) for place in range(40)]
    asks = [(101 + place, -(place + 1)) for place in range(30)]
    levels = ",".join(f"[{price},1,{amount}]" for price, amount in bids + asks)
    best = zip(bids[:25], asks[:25], strict=True)
    text = ":".join(f"{bid[0]}:{bid[1]}:{ask[0]}:{ask[1]}" for bid, ask in best)
    assert verdicts(f"[6959,[{levels}],1]".encode(), checksum(text)) == [None, True]


def test_a_change_that_was_lost_shows_at_the_next_checksum() -> None:
    text = "216:31.52:218.75:-13.33333333"
    after_loss = verdicts(SNAPSHOT, checksum(text), checksum(text), SNAPSHOT, checksum(text + ":218.76:-2"))
    assert after_loss == [None, False, None, None, True]


def test_nothing_is_compared_before_a_snapshot_or_behind_damage() -> None:
    text = checksum("216:31.52:218.75:-13.33333333:218.76:-2")
    assert verdicts(text, SNAPSHOT, b"[6959,[218.76,0],12]", text) == [None] * 4


def test_a_check_goes_on_from_its_state() -> None:
    check = EXCHANGE.book_check("book", "tETHUSD")
    assert check is not None
    assert check.state() == b""
    reader = connection()
    check.apply(reader(SNAPSHOT), SNAPSHOT)
    again = EXCHANGE.book_check("book", "tETHUSD", check.state())
    assert again is not None
    assert again.state() == check.state()
    compared = checksum("216:31.52:218.75:-13.33333333:218.76:-2")
    assert again.apply(reader(compared), compared) is True
    assert EXCHANGE.book_check("trades", "tETHUSD") is None


REAL = [
    SNAPSHOT,
    LIQUIDATED,
    BOOK_SUBSCRIBED,
    b'[89,"te",[382489563,1564617600709,0.00705845,10087.98969503],18,1564617600784]',
    b"[89,[[382489562,1564617598688,0.01302607,10088]],1,1564617600401]",
    b"[6959,[219.11,3,-18.10913638],45,1564617601214]",
    b'[6959,"cs",-890884919,3604,1569715249702]',
    b"[232949,[0.068965,60157.36709703,0.0774,48578.50804052,0.001969],1]",
    b"[23928,[1569801649000,null,8090.5,8051.45,null,101052.3,null,1569830400000,0.00000843,16,null,0.001],3256]",
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real message in which some bytes are others."""
    message = draw(st.sampled_from(REAL))
    at = draw(st.integers(0, len(message)))
    other = draw(st.binary(max_size=4) | st.sampled_from([b"null", b"-1", b"1e999", b"[", b'"a"', b"1" * 30]))
    return message[:at] + other + message[at + draw(st.integers(0, 12)) :]


@given(messages=st.lists(mutated() | st.sampled_from(REAL), max_size=5))
def test_no_bytes_break_a_connection_or_the_check_of_a_book(messages: list[bytes]) -> None:
    reader, check = connection(), EXCHANGE.book_check("book", "tETHUSD")
    assert check is not None
    for message in messages:
        header = reader(message)
        if isinstance(header, Data | Heartbeat):
            assert header.exchange_ns is None or 0 < header.exchange_ns < 2**63
        assert header.sequence is None or 0 <= header.sequence < 2**63
        if not isinstance(header, Data):
            continue
        assert EXCHANGE.classify_stored(header.channel, header.symbol, message) == header
        EXCHANGE.identity(header, message)
        if header.channel == "book":
            assert check.apply(header, message) in (True, False, None)
            EXCHANGE.book_check("book", "tETHUSD", check.state())
        with contextlib.suppress(*UNREADABLE):
            named = {part.symbol for part in (header, *header.more)}
            assert all(row.symbol in named for row in EXCHANGE.normalize(header, message))


# What is asked


def test_channels_are_spread_over_connections_of_twenty_five() -> None:
    symbols = [f"t{number:03}USD" for number in range(200)]
    wanted = [Subscription(channel, one) for one in symbols for channel in ("trades", "book", "ticker")]
    plans = EXCHANGE.plan([*wanted, Subscription("liq", ""), *wanted], "ws://127.0.0.1:9001")
    assert len(plans) == 25
    assert {plan.url for plan in plans} == {"ws://127.0.0.1:9001/ws/2"}
    assert [one for plan in plans for one in plan.subscriptions] == [*wanted, Subscription("liq", "")]
    for plan in plans:
        conf, *asked = plan.requests
        assert json.loads(conf.text) == {"event": "conf", "flags": 229376}
        assert conf.subscriptions == ()
        assert tuple(one for request in asked for one in request.subscriptions) == plan.subscriptions
        assert len(asked) <= 25


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (
            Subscription("book", "tBTCUSD"),
            {"channel": "book", "symbol": "tBTCUSD", "prec": "P0", "freq": "F0", "len": "250"},
        ),
        (Subscription("trades", "tBTCUSD"), {"channel": "trades", "symbol": "tBTCUSD"}),
        (Subscription("deriv", "tBTCF0:USTF0"), {"channel": "status", "key": "deriv:tBTCF0:USTF0"}),
        (Subscription("liq", ""), {"channel": "status", "key": "liq:global"}),
    ],
)
def test_a_request_is_worded_as_the_exchange_wants_it(stream: Subscription, text: dict[str, str]) -> None:
    (plan,) = EXCHANGE.plan([stream], "wss://api-pub.bitfinex.com/ws/2")
    assert plan.url == "wss://api-pub.bitfinex.com/ws/2"
    assert json.loads(plan.requests[1].text) == {"event": "subscribe", **text}


@pytest.mark.parametrize("text", ["tBTCUSD", "BTCUSD", "btcusd", " tbtcusd "])
def test_a_symbol_has_one_spelling(text: str) -> None:
    assert EXCHANGE.symbol(text) == "tBTCUSD"


def test_missed_trades_are_asked_for_by_time_and_come_oldest_first() -> None:
    missing = Missing("trades", "tBTCF0:USTF0", None, None, 1590593199_934_000_001, 1590593200_000_000_001)
    path = "/v2/trades/tBTCF0:USTF0/hist?limit=10000&start=1590593197934&end=1590593202001&sort=1"
    assert EXCHANGE.backfill_request(missing) == RestRequest(path, 1)
    body = b"[[452025731,1590593199935,-1,9135],[452025730,1590593199934,0.005,9135.5]]"
    header = EXCHANGE.classify_backfill("trades", "tBTCF0:USTF0", body)
    assert header == Data("trades", "tBTCF0:USTF0")
    assert EXCHANGE.normalize_backfill(header, body) == [
        Trade("tBTCF0:USTF0", 1590593199934000000, "452025730", "buy", 9135.5, 0.005),
        Trade("tBTCF0:USTF0", 1590593199935000000, "452025731", "sell", 9135.0, 1.0),
    ]
    assert isinstance(EXCHANGE.classify_backfill("trades", "tBTCUSD", b"[]"), Data)
    assert isinstance(
        EXCHANGE.classify_backfill("trades", "tBTCUSD", b'["error",10020,"limit: invalid"]'), Malformed
    )
    assert EXCHANGE.backfill_request(Missing("book", "tBTCUSD", None, None, 0, 1)) is None


def test_instruments_are_split_where_the_exchange_splits_them() -> None:
    (request,) = EXCHANGE.instruments_requests()
    assert request.path == "/v2/conf/pub:info:pair,pub:info:pair:futures"
    body = (
        b'[[["AAVE:USD",[null,null,null,"0.02","5000.0",null,null,null,0.01,0.005]],["BTCUSD",[null]]],'
        b'[["BTCF0:USTF0",[null,null,null,"0.00004","2000.0"]]]]'
    )
    assert EXCHANGE.instruments(body) == [
        Instrument("tAAVE:USD", "AAVE", "USD", "spot"),
        Instrument("tBTCUSD", "BTC", "USD", "spot"),
        Instrument("tBTCF0:USTF0", "BTCF0", "USTF0", "perpetual"),
    ]
