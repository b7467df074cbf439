from __future__ import annotations

import json

import pytest

from daedalus.exchanges.base import (
    AggTrade,
    BookUpdate,
    Header,
    Ids,
    Kind,
    Quote,
    Reply,
    Subscription,
    Trade,
)
from daedalus.exchanges.binance import Binance

VENUE = Binance()

DEPTH = (
    b'{"stream":"nknusdt@depth@100ms","data":{"e":"depthUpdate","E":1633998512568,"s":"NKNUSDT","U":499869753,'
    b'"u":499869754,"b":[["0.35170000","4265.00000000"]],"a":[["0.35290000","10968.00000000"]]}}'
)
BOOK_TICKER = (
    b'{"stream":"nknusdt@bookTicker","data":{"u":499869768,"s":"NKNUSDT","b":"0.35210000","B":"672.00000000",'
    b'"a":"0.35260000","A":"3199.00000000"}}'
)
AGG_TRADE = (
    b'{"stream":"nknusdt@aggTrade","data":{"e":"aggTrade","E":1633998523963,"s":"NKNUSDT","a":15683430,'
    b'"p":"0.35280000","q":"58.00000000","f":19862789,"l":19862790,"T":1633998523962,"m":false,"M":true}}'
)
TRADE = (
    b'{"stream":"bnbbtc@trade","data":{"e":"trade","E":1567296001038,"s":"BNBBTC","t":60276726,"p":"0.00219650",'
    b'"q":"6.48000000","b":255533165,"a":255532831,"T":1567296001034,"m":true,"M":true}}'
)
SNAPSHOT = b'{"lastUpdateId":499869752,"bids":[["0.35210000","672.00000000"]],"asks":[["0.35260000","3199"]]}'

HEADERS = [
    (DEPTH, "depth", "NKNUSDT", Ids(499869753, 499869754), 1633998512568000000),
    (BOOK_TICKER, "bookTicker", "NKNUSDT", Ids(499869768, 499869768), None),
    (AGG_TRADE, "aggTrade", "NKNUSDT", Ids(15683430, 15683430), 1633998523963000000),
    (TRADE, "trade", "BNBBTC", Ids(60276726, 60276726), 1567296001038000000),
]
ROWS = [
    (
        DEPTH,
        BookUpdate(
            "NKNUSDT",
            1633998512568000000,
            False,
            [(0.3517, 4265.0)],
            [(0.3529, 10968.0)],
            499869753,
            499869754,
        ),
    ),
    (BOOK_TICKER, Quote("NKNUSDT", None, 0.3521, 672.0, 0.3526, 3199.0, 499869768)),
    (
        AGG_TRADE,
        AggTrade("NKNUSDT", 1633998523962000000, "15683430", "buy", 0.3528, 58.0, 19862789, 19862790),
    ),
    (TRADE, Trade("BNBBTC", 1567296001034000000, "60276726", "sell", 0.0021965, 6.48)),
]


def bare(message: bytes) -> bytes:
    return json.dumps(json.loads(message)["data"]).encode()


@pytest.mark.parametrize(("message", "channel", "symbol", "ids", "venue_ns"), HEADERS)
def test_a_message_is_known_by_its_stream(
    message: bytes, channel: str, symbol: str, ids: Ids, venue_ns: int | None
) -> None:
    expected = Header(Kind.DATA, channel, symbol, ids, venue_ns)
    assert VENUE.classify(message) == expected
    turned = json.loads(message)
    assert (
        VENUE.classify(json.dumps({"data": turned["data"], "stream": turned["stream"]}).encode()) == expected
    )
    assert VENUE.classify(bare(message)) == expected


@pytest.mark.parametrize(("message", "row"), ROWS)
def test_a_message_becomes_a_row(message: bytes, row: object) -> None:
    assert list(VENUE.normalize(VENUE.classify(message), message)) == [row]
    assert list(VENUE.normalize(VENUE.classify(bare(message)), bare(message))) == [row]


def test_microseconds_give_the_same_header_to_the_microsecond() -> None:
    message = TRADE.replace(b"1567296001038", b"1567296001038123").replace(
        b"1567296001034", b"1567296001034007"
    )
    assert VENUE.classify(message).venue_ns == 1567296001038123000
    assert VENUE.normalize(VENUE.classify(message), message)[0].timestamp == 1567296001034007000


@pytest.mark.parametrize("stream", ["depth", "depth@100ms", "depth@1000ms", "depth@0ms"])
def test_all_speeds_of_the_book_are_one_channel(stream: str) -> None:
    header = VENUE.classify(DEPTH.replace(b"depth@100ms", stream.encode()))
    assert (header.kind, header.channel, header.symbol) == (Kind.DATA, "depth", "NKNUSDT")


def test_linked_updates_name_the_one_before() -> None:
    header = VENUE.classify(DEPTH.replace(b'"u":499869754', b'"u":499869754,"pu":499869700'))
    assert header.ids == Ids(499869753, 499869754, 499869700)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"stream":"nknusdt@kline_1m","data":{"e":"kline","s":"NKNUSDT"}}', Kind.UNKNOWN),
        (b'{"stream":"nknusdt@depth20@100ms","data":{"lastUpdateId":5}}', Kind.UNKNOWN),
        (b'{"e":"kline","E":1,"s":"NKNUSDT"}', Kind.UNKNOWN),
        (b"[1,2]", Kind.UNKNOWN),
        (b"7", Kind.UNKNOWN),
        (b'{"stream":7}', Kind.UNKNOWN),
        (SNAPSHOT, Kind.UNKNOWN),
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', Kind.NOTICE),
        (b'{"e":"serverShutdown","E":1770123456789}', Kind.NOTICE),
        (b"", Kind.MALFORMED),
        (b"{", Kind.MALFORMED),
        (b"\xff\xfe", Kind.MALFORMED),
        (b'{"stream":"btcusdt@trade","data":{}}', Kind.MALFORMED),
        (b'{"stream":"btcusdt@trade"}', Kind.MALFORMED),
        (b'{"stream":"btcusdt@trade","data":{"t":"5"}}', Kind.MALFORMED),
        (b'{"stream":"btcusdt@trade","data":{"t":1%s}}' % (b"0" * 5000), Kind.MALFORMED),
        (b'{"stream":"btcusdt@depth","data":{"U":9,"u":8}}', Kind.MALFORMED),
        (b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000, Kind.MALFORMED),
        (b'{"data":{"t":null},"stream":"btcusdt@trade"}', Kind.MALFORMED),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: Kind) -> None:
    assert VENUE.classify(message).kind is kind


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        (b'{"result":null,"id":7}', Reply(7)),
        (b'{"result":["btcusdt@trade"],"id":3}', Reply(3)),
        (b'{"code":2,"msg":"Invalid request","id":4}', Reply(4, error="Invalid request (code 2)")),
        (b'{"error":{"code":3,"msg":"Invalid JSON"},"id":5}', Reply(5, error="Invalid JSON (code 3)")),
        (b'{"code":3,"msg":"Invalid JSON","id":"a"}', Reply(None, error="Invalid JSON (code 3)")),
    ],
)
def test_replies_name_the_request_and_the_error(message: bytes, reply: Reply) -> None:
    assert VENUE.classify(message) == Header(Kind.REPLY, reply=reply)


def test_a_snapshot_carries_its_update_id_and_becomes_a_whole_book() -> None:
    header = VENUE.classify_snapshot("NKNUSDT", SNAPSHOT)
    assert header == Header(Kind.DATA, "depth", "NKNUSDT", Ids(499869752, 499869752))
    row = BookUpdate("NKNUSDT", None, True, [(0.3521, 672.0)], [(0.3526, 3199.0)], 499869752, 499869752)
    assert list(VENUE.normalize(header, SNAPSHOT)) == [row]
    assert (
        VENUE.classify_snapshot("NKNUSDT", b'{"code":-1121,"msg":"Invalid symbol."}').kind is Kind.MALFORMED
    )


def test_an_empty_new_book_has_the_id_minus_one() -> None:
    assert VENUE.classify_snapshot("A", b'{"lastUpdateId":-1,"bids":[],"asks":[]}').ids == Ids(-1, -1)


def test_a_price_that_is_no_number_is_refused() -> None:
    for bad in (b'"nan"', b'"inf"', b'"-1"', b'""', b"null"):
        message = TRADE.replace(b'"0.00219650"', bad)
        with pytest.raises(ValueError, match="Expected"):
            VENUE.normalize(VENUE.classify(message), message)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/stream"),
        ("ws://127.0.0.1:9000/", "ws://127.0.0.1:9000/stream"),
        ("ws://127.0.0.1:9000/ws", "ws://127.0.0.1:9000/stream"),
        ("ws://127.0.0.1:9000/stream/", "ws://127.0.0.1:9000/stream"),
        (Binance.websocket_url, "wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND"),
    ],
)
def test_the_combined_endpoint_is_found_from_any_form_of_the_url(url: str, expected: str) -> None:
    assert VENUE.plan([Subscription("trade", "BTCUSDT")], url)[0].url == expected


def test_subscriptions_are_asked_for_within_the_venues_limits() -> None:
    wanted = [Subscription("depth", f"S{number}USDT") for number in range(2500)]
    plans = VENUE.plan([*wanted, *wanted[:10]], "ws://localhost:1")
    assert [len(plan.subscriptions) for plan in plans] == [1024, 1024, 452]
    assert [one for plan in plans for one in plan.subscriptions] == wanted
    for plan in plans:
        assert plan.lifetime_seconds == 86400.0
        assert plan.send_interval_seconds >= 0.2
        assert [request.id for request in plan.requests] == list(range(1, len(plan.requests) + 1))
        asked = [stream for request in plan.requests for stream in json.loads(request.text)["params"]]
        assert asked == [f"{one.symbol.lower()}@depth@100ms" for one in plan.subscriptions]


def test_a_snapshot_request_names_its_weight() -> None:
    request = VENUE.snapshot_request("BTCUSDT")
    assert (request.path, request.weight) == ("/api/v3/depth?symbol=BTCUSDT&limit=5000", 250)


def test_symbols_have_one_spelling() -> None:
    assert VENUE.symbol(" btcUsdt ") == "BTCUSDT"
