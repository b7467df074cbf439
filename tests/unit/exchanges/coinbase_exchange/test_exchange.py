from __future__ import annotations

import pytest

from daedalus.exchanges.coinbase_exchange.exchange import CoinbaseExchange

EXCHANGE = CoinbaseExchange()


def test_no_book_is_asked_for_over_rest() -> None:
    with pytest.raises(ValueError, match="sends the snapshot of BTC-USD on the stream"):
        EXCHANGE.snapshot_request("BTC-USD")
