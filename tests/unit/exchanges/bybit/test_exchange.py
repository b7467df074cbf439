"""Bybit, linear and spot: books that are counted, trades that are not."""

from __future__ import annotations

import pytest
from unit.exchanges.bybit.samples import book

from daedalus.exchanges.bybit.exchange import BYBIT, BYBIT_SPOT
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Subscription

EXCHANGE, SPOT = BYBIT, BYBIT_SPOT


def test_number_one_is_a_restart_of_the_service_and_not_an_old_message() -> None:
    continuity = Continuity(EXCHANGE.channels)
    continuity.observe(EXCHANGE.messages.classify(book(70, whole=True)), 1)
    assert continuity.observe(EXCHANGE.messages.classify(book(1, whole=True, ms=1_700_000_001_000)), 2).reset
    assert continuity.observe(EXCHANGE.messages.classify(book(2, ms=1_700_000_001_100)), 3).gap is None
    assert continuity.last("orderbook", "BTCUSDT") == 2


def test_long_names_count_to_the_limit_of_characters() -> None:
    wanted = [Subscription("publicTrade", f"{number}{'X' * 3000}") for number in range(20)]
    plans = EXCHANGE.requests.plan(wanted, EXCHANGE.websocket_url)
    assert [len(plan.subscriptions) for plan in plans] == [6, 6, 6, 2]


def test_trades_of_options_share_the_topic_of_their_coin_and_are_no_trades_of_it() -> None:
    trade = b'{"p":"985","v":"0.01","i":"1","T":1786538700833,"s":"BTC-28AUG26-70000-C","S":"Sell"}'
    message = b'{"topic":"publicTrade.BTC","ts":1786538700834,"data":[%s],"type":"snapshot"}' % trade
    with pytest.raises(ValueError, match="a trade of BTC-28AUG26-70000-C among those of BTC"):
        EXCHANGE.messages.normalize(EXCHANGE.messages.classify(message), message)
