"""OKX: trades by runs of ids, books by their chain, what is told of contracts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import (
    Data,
    Header,
    Heartbeat,
    Ids,
    Malformed,
    Missing,
    Notice,
    Reply,
    Subscription,
    Unknown,
)
from daedalus.exchanges.okx.exchange import Okx
from daedalus.exchanges.reading import UNREADABLE
from daedalus.tables.rows import (
    AggTrade,
    BookUpdate,
    DerivativeTicker,
    Instrument,
    Liquidation,
    Quote,
    Row,
    Trade,
)

EXCHANGE = Okx()

TRADES = (
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474",'
    b'"px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897","count":"3","source":"0",'
    b'"seqId":1234}]}'
)
SINGLE = (
    b'{"arg":{"channel":"trades-all","instId":"FITFI-USDT-SWAP"},"data":[{"instId":"FITFI-USDT-SWAP",'
    b'"tradeId":"38380467","px":"0.007173","sz":"44","side":"sell","ts":"1701388800105"}]}'
)
OLD_TRADE = (
    b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476307",'
    b'"px":"30236","sz":"0.0002","side":"buy","ts":"1652459224818"}]}'
)
SNAPSHOT = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["62571.2",'
    b'"0.72032554","0","6"],["62572.1","0.00022","0","1"]],"bids":[["62571.1","0.5","0","2"]],'
    b'"ts":"1784016942000","checksum":0,"prevSeqId":-1,"seqId":100}]}'
)
UPDATE = (
    b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["62571.2",'
    b'"0.60583592","0","6"],["62572.1","0","0","0"]],"bids":[],"ts":"1784016942108","checksum":0,'
    b'"seqId":110,"prevSeqId":100}]}'
)
OLD_UPDATE = (
    b'{"arg":{"channel":"books","instId":"BTC-USD-220527"},"action":"update","data":[{"asks":[["30249.4","0",'
    b'"0","0"]],"bids":[["30182.6","452","0","1"]],"ts":"1652459225464","checksum":-914047754}]}'
)
TOP = (
    b'{"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],'
    b'"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}'
)
FUNDING = (
    b'{"arg":{"channel":"funding-rate","instId":"BTC-USD-SWAP"},"data":[{"formulaType":"noRate",'
    b'"fundingRate":"-0.0001875391284828","fundingTime":"1700726400000","impactValue":"",'
    b'"instId":"BTC-USD-SWAP","instType":"SWAP","interestRate":"","method":"current_period",'
    b'"nextFundingRate":"","nextFundingTime":"1700755200000","settState":"settled","ts":"1700724675402"}]}'
)
MARK = (
    b'{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",'
    b'"instType":"SWAP","markPx":"83003.8","ts":"1790757203016"}]}'
)
INDEX = (
    b'{"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","idxPx":"83043.9",'
    b'"high24h":"84000","low24h":"81000","open24h":"82000","sodUtc0":"82500","sodUtc8":"82500",'
    b'"ts":"1790757203066"}]}'
)
INTEREST = (
    b'{"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",'
    b'"instType":"SWAP","oi":"2216113.01000000309","oiCcy":"22161.1301000000309",'
    b'"oiUsd":"1939251795.54769270396321","ts":"1743041250440"}]}'
)
LIQUIDATIONS = (
    b'{"arg":{"channel":"liquidation-orders","instType":"FUTURES"},"data":[{"details":[{"bkLoss":"0",'
    b'"bkPx":"0.55205","ccy":"","posSide":"short","side":"buy","sz":"39","ts":"1680173247614"}],'
    b'"instFamily":"XRP-USD","instId":"XRP-USD-230929","instType":"FUTURES","uly":"XRP-USD"},'
    b'{"details":[{"bkLoss":"0","bkPx":"20.5","ccy":"","posSide":"long","side":"sell","sz":"2",'
    b'"ts":"1680173247600"}],"instFamily":"BTC-USD","instId":"BTC-USD-230929","instType":"FUTURES",'
    b'"uly":"BTC-USD"}]}'
)
ACK = b'{"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}'
NOTICE = (
    b'{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. '
    b'Please reconnect.","connId":"a4d3ae55"}'
)


def rows(message: bytes) -> list[Row]:
    return list(EXCHANGE.normalize(EXCHANGE.classify(message), message))


def test_a_trade_that_sums_up_others_covers_all_their_ids() -> None:
    time = 1630048897897000000
    assert EXCHANGE.classify(TRADES) == Data("trades", "BTC-USDT", Ids(130639472, 130639474), time)
    assert rows(TRADES) == [
        AggTrade("BTC-USDT", time, "130639474", "buy", 42219.9, 0.12060306, 130639472, 130639474)
    ]


def test_a_trade_from_before_there_was_a_count_is_one() -> None:
    time = 1652459224818000000
    ids = Ids(338476307, 338476307)
    assert EXCHANGE.classify(OLD_TRADE) == Data("trades", "BTC-USDT", ids, time)
    assert rows(OLD_TRADE) == [
        AggTrade("BTC-USDT", time, "338476307", "buy", 30236.0, 0.0002, 338476307, 338476307)
    ]


def test_a_single_trade_has_its_own_id() -> None:
    time = 1701388800105000000
    assert EXCHANGE.classify(SINGLE) == Data("trades_all", "FITFI-USDT-SWAP", Ids(38380467, 38380467), time)
    assert rows(SINGLE) == [Trade("FITFI-USDT-SWAP", time, "38380467", "sell", 0.007173, 44.0)]


def test_several_trades_of_a_message_are_told_oldest_first() -> None:
    message = json.loads(TRADES)
    message["data"].append({**message["data"][0], "tradeId": "130639471", "count": "1"})
    payload = json.dumps(message).encode()
    header = EXCHANGE.classify(payload)
    assert header.ids == Ids(130639471, 130639471)
    assert [part.ids for part in header.more] == [Ids(130639472, 130639474)]
    assert [row.id for row in rows(payload) if isinstance(row, AggTrade)] == ["130639471", "130639474"]


def trades(last: int, count: int) -> Header:
    message = TRADES.replace(b"130639474", b"%d" % last).replace(b'"count":"3"', b'"count":"%d"' % count)
    return EXCHANGE.classify(message)


def test_missing_trades_are_counted_by_their_ids() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for header in (trades(100, 1), trades(103, 3), trades(104, 1)):
        assert continuity.observe(header, 1).gap is None
    gap = continuity.observe(trades(112, 2), 2).gap
    assert gap is not None
    assert (gap.from_id, gap.to_id, gap.missing) == (104, 111, 6)


def test_a_book_is_a_snapshot_and_then_updates_that_name_the_one_before() -> None:
    begun, changed = EXCHANGE.classify(SNAPSHOT), EXCHANGE.classify(UPDATE)
    assert begun == Data("books", "BTC-USDT", Ids(100, 100), 1784016942000000000, is_snapshot=True)
    assert changed == Data("books", "BTC-USDT", Ids(110, 110, 100), 1784016942108000000)
    assert rows(SNAPSHOT) == [
        BookUpdate(
            "BTC-USDT",
            1784016942000000000,
            True,
            [(62571.1, 0.5)],
            [(62571.2, 0.72032554), (62572.1, 0.00022)],
            100,
            100,
        )
    ]
    assert rows(UPDATE) == [
        BookUpdate(
            "BTC-USDT", 1784016942108000000, False, [], [(62571.2, 0.60583592), (62572.1, 0.0)], 110, 110, 100
        )
    ]


def test_a_book_from_before_there_were_numbers_has_none() -> None:
    assert EXCHANGE.classify(OLD_UPDATE) == Data("books", "BTC-USD-220527", None, 1652459225464000000)
    assert rows(OLD_UPDATE) == [
        BookUpdate("BTC-USD-220527", 1652459225464000000, False, [(30182.6, 452.0)], [(30249.4, 0.0)])
    ]


def book(previous: int, number: int) -> Header:
    message = UPDATE.replace(
        b'"seqId":110,"prevSeqId":100', b'"seqId":%d,"prevSeqId":%d' % (number, previous)
    )
    return EXCHANGE.classify(message)


def test_the_example_of_the_documentation_is_whole() -> None:
    continuity = Continuity(EXCHANGE.channels)
    first = EXCHANGE.classify(SNAPSHOT.replace(b'"seqId":100', b'"seqId":10'))
    assert continuity.observe(first, 1).gap is None
    resets = []
    for previous, number in ((10, 15), (15, 15), (15, 3), (3, 5)):
        observed = continuity.observe(book(previous, number), 2)
        assert observed.gap is None
        assert not observed.duplicate
        resets.append(observed.reset)
    assert resets == [False, False, True, False]


def test_an_update_that_is_missing_breaks_the_chain() -> None:
    continuity = Continuity(EXCHANGE.channels)
    for header in (EXCHANGE.classify(SNAPSHOT), book(100, 110), book(110, 117)):
        assert continuity.observe(header, 1).gap is None
    gap = continuity.observe(book(150, 162), 2).gap
    assert gap is not None
    assert (gap.from_id, gap.to_id, gap.missing) == (117, 162, None)


def test_the_top_of_the_book_is_a_quote() -> None:
    time = 1670324386802000000
    assert EXCHANGE.classify(TOP) == Data("bbo_tbt", "BCH-USDT-SWAP", Ids(363996337, 363996337), time)
    assert rows(TOP) == [Quote("BCH-USDT-SWAP", time, 111.05, 57745.0, 111.06, 55154.0, 363996337)]
    (quote,) = rows(TOP.replace(b'[["111.05","57745","0","2"]]', b"[]"))
    assert isinstance(quote, Quote)
    assert (quote.bid_price, quote.bid_amount, quote.ask_price) == (None, None, 111.06)


@pytest.mark.parametrize(
    ("message", "channel", "row"),
    [
        (
            FUNDING,
            "funding_rate",
            DerivativeTicker(
                "BTC-USD-SWAP",
                1700724675402000000,
                funding_timestamp=1700726400000000000,
                funding_rate=-0.0001875391284828,
            ),
        ),
        (
            MARK,
            "mark_price",
            DerivativeTicker("BTC-USDT-SWAP", 1790757203016000000, mark_price=83003.8),
        ),
        (
            INDEX,
            "index_tickers",
            DerivativeTicker("BTC-USDT", 1790757203066000000, index_price=83043.9),
        ),
        (
            INTEREST,
            "open_interest",
            DerivativeTicker("BTC-USDT-SWAP", 1743041250440000000, open_interest=2216113.01000000309),
        ),
    ],
)
def test_each_channel_about_contracts_tells_its_own(
    message: bytes, channel: str, row: DerivativeTicker
) -> None:
    assert EXCHANGE.classify(message) == Data(channel, row.symbol, None, row.timestamp)
    assert rows(message) == [row]


def test_liquidations_of_several_symbols_come_in_one_message() -> None:
    header = EXCHANGE.classify(LIQUIDATIONS)
    assert (type(header), header.channel, header.symbol) == (
        Data,
        "liquidation_orders",
        "XRP-USD-230929",
    )
    assert [(part.channel, part.symbol) for part in header.more] == [("liquidation_orders", "BTC-USD-230929")]
    assert rows(LIQUIDATIONS) == [
        Liquidation("XRP-USD-230929", 1680173247614000000, None, "buy", 0.55205, 39.0),
        Liquidation("BTC-USD-230929", 1680173247600000000, None, "sell", 20.5, 2.0),
    ]
    numbered = LIQUIDATIONS.replace(b'{"arg"', b'{"id":"1512","arg"', 1)
    assert EXCHANGE.classify(numbered) == header


def test_a_confirmation_names_its_stream() -> None:
    named = (Subscription("books", "BTC-USDT"),)
    assert EXCHANGE.classify(ACK) == Reply(subscriptions=named)
    all_of_them = (
        b'{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SWAP"},"connId":"a"}'
    )
    named = (Subscription("liquidation_orders", ""),)
    assert EXCHANGE.classify(all_of_them) == Reply(subscriptions=named)
    left = ACK.replace(b'"subscribe"', b'"unsubscribe"')
    assert EXCHANGE.classify(left) == Reply()


@pytest.mark.parametrize(
    "words",
    [
        "Subscribe failed, wrong URL or channel:trades,instId:NOT-USDT doesn't exist. Please use the correct "
        "URL, channel and parameters referring to API document.",
        "Wrong URL or channel:trades,instId:NOT-USDT doesn't exist.",
        "channel:trades,instId:NOT-USDT doesn't exist",
        "channel:trades,instId:NOT-USDT",
    ],
)
def test_a_refusal_costs_only_the_stream_that_it_names(words: str) -> None:
    message = json.dumps({"id": "4", "event": "error", "code": "60018", "msg": words, "connId": "x"}).encode()
    named = (Subscription("trades", "NOT-USDT"),)
    assert EXCHANGE.classify(message) == Reply(None, named, f"{words} (code 60018)")


def test_another_error_is_that_of_its_request() -> None:
    message = (
        b'{"id":"7","event":"error","code":"60012","msg":"Invalid request: {\\"op\\": \\"subscribe\\"}",'
        b'"connId":"a"}'
    )
    error = 'Invalid request: {"op": "subscribe"} (code 60012)'
    assert EXCHANGE.classify(message) == Reply(7, (), error)
    nameless = b'{"event":"error"}'
    assert EXCHANGE.classify(nameless) == Reply(None, (), "refused without a reason (code None)")


def test_pongs_and_notices_are_known() -> None:
    assert EXCHANGE.classify(b"pong") == Heartbeat()
    assert EXCHANGE.classify(NOTICE) == Notice()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b'{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{}]}', Unknown),
        (b'{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}', Unknown),
        (b'{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"a"}', Unknown),
        (b'{ "arg": {"instId":"A-B","channel":"trades"}, "data": [{"tradeId":"5"}] }', Data),
        (b'{"data":[{"tradeId":"5"}],"arg":{"channel":"trades","instId":"A-B"}}', Data),
        (b'{"arg":{"channel":"trades","instId":"A-B"},"data":[]}', Malformed),
        (b'{"arg":{"channel":"trades","instId":"A-B"},"data":[{"tradeId":"x"}]}', Malformed),
        (b'{"arg":{"channel":"trades","instId":"A-B"},"data":[{"tradeId":"5","count":"0"}]}', Malformed),
        (b'{"arg":{"channel":"books","instId":"A-B"},"action":"other","data":[{"seqId":1}]}', Malformed),
        (b'{"arg":{"channel":"books","instId":""},"data":[{"seqId":1}]}', Unknown),
        (b'{"arg":{"channel":"books","instId":"A-B"}', Malformed),
        (b'{"arg":5,"data":[]}', Unknown),
        (b"{}", Unknown),
        (b"null", Unknown),
        (b"ping", Malformed),
        (b"\xff", Malformed),
        (b'{"arg":{"channel":"books","instId":"A"},"data":' + b"[" * 100_000, Malformed),
    ],
)
def test_all_other_messages_have_their_kind(message: bytes, kind: type) -> None:
    assert type(EXCHANGE.classify(message)) is kind


def test_a_plan_keeps_every_limit_and_forgets_no_stream() -> None:
    names = [f"S{number}-USDT-SWAP" for number in range(330)]
    channels = [name for name, channel in EXCHANGE.channels.items() if channel.per_symbol]
    wanted = [Subscription(channel, name) for channel in channels for name in names]
    plans = EXCHANGE.plan([*wanted, Subscription("liquidation_orders", "")], "ws://127.0.0.1:8123/some/path")
    served = [one for plan in plans for one in plan.subscriptions]
    indexes = {Subscription("index_tickers", name.removesuffix("-SWAP")) for name in names}
    others = {one for one in wanted if one.channel != "index_tickers"}
    assert set(served) == others | indexes | {Subscription("liquidation_orders", "")}
    assert len(served) == len(set(served))
    for plan in plans:
        singles = {one.channel == "trades_all" for one in plan.subscriptions}
        assert len(singles) == 1
        assert plan.url == f"ws://127.0.0.1:8123/ws/v5/{'business' if singles == {True} else 'public'}"
        assert sum(one.channel == "books" for one in plan.subscriptions) < 30
        assert sum(len(request.text) for request in plan.requests) < 64 * 1024
        assert [one for request in plan.requests for one in request.subscriptions] == list(plan.subscriptions)
        assert (plan.keepalive_text, plan.keepalive_seconds < 30) == ("ping", True)


def test_liquidations_are_asked_for_by_type_and_once() -> None:
    (plan,) = EXCHANGE.plan([Subscription("liquidation_orders", "")], EXCHANGE.websocket_url)
    (request,) = plan.requests
    assert plan.url == EXCHANGE.websocket_url
    assert (request.id, json.loads(request.text)) == (
        1,
        {
            "id": "1",
            "op": "subscribe",
            "args": [
                {"channel": "liquidation-orders", "instType": "SWAP"},
                {"channel": "liquidation-orders", "instType": "FUTURES"},
            ],
        },
    )
    assert EXCHANGE.channels["liquidation_orders"].lossy


@pytest.mark.parametrize("symbol", ["BTC-USD", "BTC-USD-SWAP", "BTC-USD_UM-SWAP", "BTC-USD-241227"])
def test_the_index_of_a_contract_is_that_of_its_pair(symbol: str) -> None:
    (plan,) = EXCHANGE.plan([Subscription("index_tickers", symbol)], EXCHANGE.websocket_url)
    assert plan.subscriptions == (Subscription("index_tickers", "BTC-USD"),)


def test_a_fresh_snapshot_comes_after_leaving_and_asking_again() -> None:
    texts = EXCHANGE.resubscribe(Subscription("books", "BTC-USDT"))
    args = [{"channel": "books", "instId": "BTC-USDT"}]
    assert [json.loads(text) for text in texts] == [
        {"op": "unsubscribe", "args": args},
        {"op": "subscribe", "args": args},
    ]


@pytest.mark.parametrize(("last", "after", "limit"), [(1009, "1010", "10"), (5000, "1100", "100")])
def test_a_backfill_asks_for_the_oldest_of_what_is_missing(last: int, after: str, limit: str) -> None:
    request = EXCHANGE.backfill_request(Missing("trades", "BTC-USDT", 1000, last, 1, 2))
    assert request is not None
    parts = urlsplit(request.path)
    assert parts.path == "/api/v5/market/history-trades"
    assert dict(parse_qsl(parts.query)) == {
        "instId": "BTC-USDT",
        "type": "1",
        "after": after,
        "limit": limit,
    }


def test_there_is_no_backfill_of_books_or_without_ids() -> None:
    assert EXCHANGE.backfill_request(Missing("books", "BTC-USDT", 1, 2, 1, 2)) is None
    assert EXCHANGE.backfill_request(Missing("trades", "BTC-USDT", None, None, 1, 2)) is None


FILLS = (
    b'{"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"sell","sz":"0.5","source":"0","px":"30000.1",'
    b'"tradeId":"242720722","ts":"1654161641568"},{"instId":"BTC-USDT","side":"buy","sz":"0.25","px":"29999",'
    b'"tradeId":"242720721","ts":"1654161641500"},{"instId":"BTC-USDT","side":"buy","sz":"1","px":"29998",'
    b'"tradeId":"242720719","ts":"1654161641400"}]}'
)


def test_a_backfill_is_single_trades_oldest_first() -> None:
    header = EXCHANGE.classify_backfill("trades_all", "BTC-USDT", FILLS)
    assert header.ids == Ids(242720719, 242720719)
    assert [part.ids for part in header.more] == [Ids(242720721, 242720722)]
    assert EXCHANGE.normalize_backfill(header, FILLS) == [
        Trade("BTC-USDT", 1654161641400000000, "242720719", "buy", 29998.0, 1.0),
        Trade("BTC-USDT", 1654161641500000000, "242720721", "buy", 29999.0, 0.25),
        Trade("BTC-USDT", 1654161641568000000, "242720722", "sell", 30000.1, 0.5),
    ]


def test_a_backfill_of_summed_up_trades_is_sums_of_one() -> None:
    header = EXCHANGE.classify_backfill("trades", "BTC-USDT", FILLS)
    assert EXCHANGE.normalize_backfill(header, FILLS)[0] == AggTrade(
        "BTC-USDT", 1654161641400000000, "242720719", "buy", 29998.0, 1.0, 242720719, 242720719
    )


def test_an_answer_without_trades_is_data_and_an_error_is_not() -> None:
    empty = b'{"code":"0","msg":"","data":[]}'
    assert EXCHANGE.classify_backfill("trades", "A-B", empty) == Data("trades", "A-B")
    refused = b'{"code":"51001","msg":"Instrument ID doesn\'t exist.","data":[]}'
    assert isinstance(EXCHANGE.classify_backfill("trades", "A-B", refused), Malformed)
    with pytest.raises(ValueError, match="okx answers 51001"):
        EXCHANGE.instruments(refused)


def test_instruments_are_listed_with_their_steps_and_contract_sizes() -> None:
    assert [request.path for request in EXCHANGE.instruments_requests()] == [
        f"/api/v5/public/instruments?instType={kind}" for kind in ("SPOT", "SWAP", "FUTURES")
    ]
    body = (
        b'{"code":"0","msg":"","data":[{"alias":"","baseCcy":"BTC","ctMult":"","ctVal":"","expTime":"",'
        b'"instId":"BTC-USDT","instType":"SPOT","lotSz":"0.00000001","quoteCcy":"USDT","state":"live",'
        b'"tickSz":"0.1","uly":"","instIdCode":1000000000,"upcChg":[]},'
        b'{"baseCcy":"","quoteCcy":"","ctMult":"1","ctVal":"100","ctValCcy":"USD","expTime":"1648195200000",'
        b'"instId":"BTC-USD-220325","instType":"FUTURES","lotSz":"1","state":"suspend","tickSz":"0.1",'
        b'"uly":"BTC-USD"},{"instId":"ETH-USD_UM-SWAP","instType":"SWAP","state":"preopen","ctVal":"",'
        b'"tickSz":"","lotSz":"","expTime":"","uly":"ETH-USD"},{"instId":"","instType":"SWAP"}]}'
    )
    assert EXCHANGE.instruments(body) == [
        Instrument("BTC-USDT", "BTC", "USDT", "spot", tick=0.1, lot=0.00000001),
        Instrument(
            "BTC-USD-220325",
            "BTC",
            "USD",
            "future",
            tick=0.1,
            lot=1.0,
            contract_size=100.0,
            expiry=1648195200000000000,
            active=False,
        ),
        Instrument("ETH-USD_UM-SWAP", "ETH", "USD", "perpetual", active=False),
    ]


def test_symbols_have_one_spelling() -> None:
    assert EXCHANGE.symbol(" btc-usdt-swap ") == "BTC-USDT-SWAP"


def test_every_message_of_the_recording_of_2022_is_read(recordings: Path) -> None:
    continuity, kinds = Continuity(EXCHANGE.channels), Counter[tuple[type, str]]()
    with (recordings / "OKX.ws.1.0").open("rb") as lines:
        payloads = [line.rstrip(b"\n").split(b" ", 1)[1] for line in lines if line[:1].isdigit()]
    for payload in payloads:
        header, message = EXCHANGE.classify(payload), json.loads(payload)
        kinds[type(header), getattr(header, "channel", "")] += 1
        if isinstance(header, Unknown):
            assert message["arg"]["channel"] == "tickers"
        if not isinstance(header, Data):
            continue
        assert (header.channel, header.symbol) == (message["arg"]["channel"], message["arg"]["instId"])
        observed = continuity.observe(header, 0)
        assert observed.gap is None
        assert not observed.duplicate
        (row,), (told,) = EXCHANGE.normalize(header, payload), message["data"]
        assert row.timestamp == int(told["ts"]) * 1_000_000
        if isinstance(row, AggTrade):
            assert header.ids == Ids(int(told["tradeId"]), int(told["tradeId"]))
            assert (row.id, row.side) == (told["tradeId"], told["side"])
            assert (row.price, row.amount) == (float(told["px"]), float(told["sz"]))
        else:
            assert isinstance(row, BookUpdate)
            assert header.ids is None
            assert header.is_snapshot == row.is_snapshot == (message["action"] == "snapshot")
            for side, levels in ((row.bids, told["bids"]), (row.asks, told["asks"])):
                assert list(side) == [(float(price), float(amount)) for price, amount, *_ in levels]
    assert kinds == {
        (Reply, ""): 18,
        (Unknown, ""): 18,
        (Data, "trades"): 39,
        (Data, "books"): 169,
    }


@given(
    st.sampled_from([TRADES, SINGLE, UPDATE, TOP, FUNDING, INTEREST, LIQUIDATIONS, ACK, NOTICE]), st.data()
)
def test_a_damaged_message_is_classified_all_the_same(message: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(message)))
    damaged = message[:at] + data.draw(st.binary(max_size=4)) + message[at + data.draw(st.integers(0, 6)) :]
    header = EXCHANGE.classify(damaged)
    if isinstance(header, Data):
        try:
            found = EXCHANGE.normalize(header, damaged)
        except UNREADABLE:
            return
        assert {row.symbol for row in found} <= {part.symbol for part in (header, *header.more)}
