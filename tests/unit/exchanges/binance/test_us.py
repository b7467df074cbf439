"""Binance.US: what differs from Binance spot."""

from __future__ import annotations

from daedalus.exchanges.binance.us import BinanceUs
from daedalus.exchanges.model import Data, Ids, Missing, RestRequest, Subscription

EXCHANGE = BinanceUs()


def test_its_messages_are_those_of_binance() -> None:
    message = (
        b'{"stream":"btcusd@depth@100ms","data":{"e":"depthUpdate","E":1633998274568,"s":"BTCUSD","U":5,'
        b'"u":6,"b":[["57000.01","0.5"]],"a":[]}}'
    )
    header = EXCHANGE.classify(message)
    assert header == Data("depth", "BTCUSD", Ids(5, 6), 1633998274568000000)
    assert len(EXCHANGE.normalize(header, message)) == 1


def test_it_is_asked_for_at_its_own_address_and_cost() -> None:
    (plan,) = EXCHANGE.plan([Subscription("trade", "BTCUSD")], EXCHANGE.websocket_url)
    assert plan.url == "wss://stream.binance.us:9443/stream"
    assert EXCHANGE.snapshot_request("BTCUSD") == RestRequest("/api/v3/depth?symbol=BTCUSD&limit=5000", 50)
    assert EXCHANGE.instruments_requests() == (RestRequest("/api/v3/exchangeInfo", 10),)


def test_trades_are_asked_for_by_id_only_where_no_key_is_needed() -> None:
    trades = EXCHANGE.backfill_request(Missing("trade", "BTCUSD", 7, 9, 1, 2))
    assert trades == RestRequest("/api/v3/trades?symbol=BTCUSD&limit=1000", 1)
    aggregates = EXCHANGE.backfill_request(Missing("aggTrade", "BTCUSD", 7, 9, 1, 2))
    assert aggregates == RestRequest("/api/v3/aggTrades?symbol=BTCUSD&fromId=7&limit=3", 1)
