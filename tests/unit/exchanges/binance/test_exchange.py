from __future__ import annotations

import json

import pytest

from daedalus.exchanges.binance.exchange import Binance
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Data,
    Ids,
    Malformed,
    Missing,
    Notice,
    Reply,
    RestRequest,
    Subscription,
    Unknown,
)
from daedalus.tables.rows import AggTrade, BookUpdate, Instrument, Quote, Trade

EXCHANGE = Binance()

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


@pytest.mark.parametrize(("message", "channel", "symbol", "ids", "exchange_ns"), HEADERS)
def test_a_message_is_known_by_its_stream(
    message: bytes, channel: str, symbol: str, ids: Ids, exchange_ns: int | None
) -> None:
    expected = Data(channel, symbol, ids, exchange_ns)
    assert EXCHANGE.classify(message) == expected
    turned = json.loads(message)
    assert (
        EXCHANGE.classify(json.dumps({"data": turned["data"], "stream": turned["stream"]}).encode())
        == expected
    )
    assert EXCHANGE.classify(bare(message)) == expected


@pytest.mark.parametrize(("message", "row"), ROWS)
def test_a_message_becomes_a_row(message: bytes, row: object) -> None:
    assert list(EXCHANGE.normalize(EXCHANGE.classify(message), message)) == [row]
    assert list(EXCHANGE.normalize(EXCHANGE.classify(bare(message)), bare(message))) == [row]


def test_microseconds_give_the_same_header_to_the_microsecond() -> None:
    message = TRADE.replace(b"1567296001038", b"1567296001038123").replace(
        b"1567296001034", b"1567296001034007"
    )
    assert EXCHANGE.classify(message).exchange_ns == 1567296001038123000
    assert EXCHANGE.normalize(EXCHANGE.classify(message), message)[0].timestamp == 1567296001034007000


@pytest.mark.parametrize("stream", ["depth", "depth@100ms", "depth@1000ms", "depth@0ms"])
def test_all_speeds_of_the_book_are_one_channel(stream: str) -> None:
    header = EXCHANGE.classify(DEPTH.replace(b"depth@100ms", stream.encode()))
    assert (type(header), header.channel, header.symbol) == (Data, "depth", "NKNUSDT")


def test_linked_updates_name_the_one_before() -> None:
    header = EXCHANGE.classify(DEPTH.replace(b'"u":499869754', b'"u":499869754,"pu":499869700'))
    assert header.ids == Ids(499869753, 499869754, 499869700)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"stream":"nknusdt@kline_1m","data":{"e":"kline","s":"NKNUSDT"}}', Unknown),
        (b'{"stream":"nknusdt@depth20@100ms","data":{"lastUpdateId":5}}', Unknown),
        (b'{"e":"kline","E":1,"s":"NKNUSDT"}', Unknown),
        (b"[1,2]", Unknown),
        (b"7", Unknown),
        (b'{"stream":7}', Unknown),
        (SNAPSHOT, Unknown),
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}', Notice),
        (b'{"e":"serverShutdown","E":1770123456789}', Notice),
        (b"", Malformed),
        (b"{", Malformed),
        (b"\xff\xfe", Malformed),
        (b'{"stream":"btcusdt@trade","data":{}}', Malformed),
        (b'{"stream":"btcusdt@trade"}', Malformed),
        (b'{"stream":"btcusdt@trade","data":{"t":"5"}}', Malformed),
        (b'{"stream":"btcusdt@trade","data":{"t":1%s}}' % (b"0" * 5000), Malformed),
        (b'{"stream":"btcusdt@depth","data":{"U":9,"u":8}}', Malformed),
        (b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000, Malformed),
        (b'{"data":{"t":null},"stream":"btcusdt@trade"}', Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


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
    assert EXCHANGE.classify(message) == reply


def test_a_snapshot_carries_its_update_id_and_becomes_a_whole_book() -> None:
    header = EXCHANGE.classify_snapshot("NKNUSDT", SNAPSHOT)
    assert header == Data("depth", "NKNUSDT", Ids(499869752, 499869752))
    row = BookUpdate("NKNUSDT", None, True, [(0.3521, 672.0)], [(0.3526, 3199.0)], 499869752, 499869752)
    assert list(EXCHANGE.normalize(header, SNAPSHOT)) == [row]
    assert isinstance(
        EXCHANGE.classify_snapshot("NKNUSDT", b'{"code":-1121,"msg":"Invalid symbol."}'), Malformed
    )


def test_an_empty_new_book_has_the_id_minus_one() -> None:
    assert EXCHANGE.classify_snapshot("A", b'{"lastUpdateId":-1,"bids":[],"asks":[]}').ids == Ids(-1, -1)


def test_a_price_that_is_no_number_is_refused() -> None:
    for bad in (b'"nan"', b'"inf"', b'"-1"', b'""', b"null"):
        message = TRADE.replace(b'"0.00219650"', bad)
        with pytest.raises(ValueError, match="Expected"):
            EXCHANGE.normalize(EXCHANGE.classify(message), message)


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
    assert EXCHANGE.plan([Subscription("trade", "BTCUSDT")], url)[0].url == expected


def test_subscriptions_are_asked_for_within_the_exchanges_limits() -> None:
    wanted = [Subscription("depth", f"S{number}USDT") for number in range(2500)]
    plans = EXCHANGE.plan([*wanted, *wanted[:10]], "ws://localhost:1")
    assert [len(plan.subscriptions) for plan in plans] == [1024, 1024, 452]
    assert [one for plan in plans for one in plan.subscriptions] == wanted
    for plan in plans:
        assert plan.lifetime_seconds == 86400.0
        assert plan.send_interval_seconds >= 0.2
        assert [request.id for request in plan.requests] == list(range(1, len(plan.requests) + 1))
        asked = [stream for request in plan.requests for stream in json.loads(request.text)["params"]]
        assert asked == [f"{one.symbol.lower()}@depth@100ms" for one in plan.subscriptions]


def test_a_snapshot_request_names_its_weight() -> None:
    request = EXCHANGE.snapshot_request("BTCUSDT")
    assert (request.path, request.weight) == ("/api/v3/depth?symbol=BTCUSDT&limit=5000", 250)


def test_symbols_have_one_spelling() -> None:
    assert EXCHANGE.symbol(" btcUsdt ") == "BTCUSDT"


def missing(channel: str, first: int | None, last: int | None) -> Missing:
    return Missing(channel, "BNBBTC", first, last, 1, 2)


@pytest.mark.parametrize(
    ("channel", "first", "last", "path", "weight"),
    [
        ("trade", 7, 7, "/api/v3/historicalTrades?symbol=BNBBTC&fromId=7&limit=1", 25),
        ("trade", 7, 5000, "/api/v3/historicalTrades?symbol=BNBBTC&fromId=7&limit=1000", 25),
        ("aggTrade", 10, 19, "/api/v3/aggTrades?symbol=BNBBTC&fromId=10&limit=10", 4),
    ],
)
def test_what_is_missing_is_asked_for_from_its_first_id(
    channel: str, first: int, last: int, path: str, weight: int
) -> None:
    request = EXCHANGE.backfill_request(missing(channel, first, last))
    assert request == RestRequest(path, weight)


def test_books_and_gaps_without_ids_are_not_asked_for() -> None:
    assert EXCHANGE.backfill_request(missing("depth", 7, 9)) is None
    assert EXCHANGE.backfill_request(missing("trade", None, None)) is None


TRADES = (
    b'[{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1499865549590,'
    b'"isBuyerMaker":true,"isBestMatch":true},{"id":28458,"price":"4.00000200","qty":"3.00000000",'
    b'"quoteQty":"12.000006","time":1499865549591,"isBuyerMaker":false,"isBestMatch":true}]'
)
AGG_TRADES = (
    b'[{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27782,"T":1498793709153,"m":true,"M":true},'
    b'{"a":26131,"p":"0.01633103","q":"1.5","f":27784,"l":27784,"T":1498793709154,"m":false,"M":true}]'
)


def test_missed_trades_have_the_rows_that_the_stream_would_have_given() -> None:
    header = EXCHANGE.classify_backfill("trade", "BNBBTC", TRADES)
    assert header == Data("trade", "BNBBTC", Ids(28457, 28458))
    assert list(EXCHANGE.normalize_backfill(header, TRADES)) == [
        Trade("BNBBTC", 1499865549590000000, "28457", "sell", 4.000001, 12.0),
        Trade("BNBBTC", 1499865549591000000, "28458", "buy", 4.000002, 3.0),
    ]


def test_missed_aggregate_trades_are_told_in_runs_of_ids() -> None:
    header = EXCHANGE.classify_backfill("aggTrade", "BNBBTC", AGG_TRADES)
    other = Data("aggTrade", "BNBBTC", Ids(26131, 26131))
    assert header == Data("aggTrade", "BNBBTC", Ids(26129, 26129), more=(other,))
    assert list(EXCHANGE.normalize_backfill(header, AGG_TRADES)) == [
        AggTrade("BNBBTC", 1498793709153000000, "26129", "sell", 0.01633102, 4.70443515, 27781, 27782),
        AggTrade("BNBBTC", 1498793709154000000, "26131", "buy", 0.01633103, 1.5, 27784, 27784),
    ]


def test_an_answer_without_trades_has_no_ids_and_an_error_is_no_answer() -> None:
    assert EXCHANGE.classify_backfill("trade", "BNBBTC", b"[]") == Data("trade", "BNBBTC")
    for body in (b'{"code":-1121,"msg":"Invalid symbol."}', b"", b'[{"id":"x"}]'):
        assert isinstance(EXCHANGE.classify_backfill("trade", "BNBBTC", body), Malformed)
    assert isinstance(EXCHANGE.classify_backfill("depth", "BNBBTC", b"[]"), Malformed)


def test_a_gap_is_filled_by_the_answer_to_its_request() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for number in (28456, 28459):
        continuity.observe(Data("trade", "BNBBTC", Ids(number, number)), 0)
    assert continuity.open_gaps("trade", "BNBBTC") == [(28457, 28458)]
    continuity.observe(EXCHANGE.classify_backfill("trade", "BNBBTC", TRADES), 0)
    assert continuity.open_gaps("trade", "BNBBTC") == []


def test_the_instruments_are_listed_with_their_steps() -> None:
    body = (
        b'{"timezone":"UTC","symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH",'
        b'"quoteAsset":"BTC","filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00001000",'
        b'"tickSize":"0.00001000"},{"filterType":"LOT_SIZE","minQty":"0.00010000","stepSize":"0.00010000"},'
        b'{"filterType":"MARKET_LOT_SIZE","stepSize":"0.00000000"},{"filterType":"MAX_NUM_ORDERS"}]},'
        b'{"symbol":"LRCBTC","status":"BREAK","baseAsset":"LRC","quoteAsset":"BTC","filters":[]}]}'
    )
    assert [request.weight for request in EXCHANGE.instruments_requests()] == [20]
    assert list(EXCHANGE.instruments(body)) == [
        Instrument("ETHBTC", "ETH", "BTC", "spot", tick=0.00001, lot=0.0001),
        Instrument("LRCBTC", "LRC", "BTC", "spot", active=False),
    ]


def test_streams_of_futures_are_unknown_to_spot() -> None:
    mark = b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":5,"s":"BTCUSDT","p":"1"}}'
    assert isinstance(EXCHANGE.classify(mark), Unknown)
    assert isinstance(EXCHANGE.classify(bare(mark)), Unknown)
