from __future__ import annotations

import pytest

from daedalus.exchanges.coinbase_exchange.exchange import COINBASE_EXCHANGE

EXCHANGE = COINBASE_EXCHANGE


def test_no_book_is_asked_for_over_rest() -> None:
    with pytest.raises(ValueError, match="sends the snapshot of BTC-USD on the stream"):
        EXCHANGE.rest.snapshot_request("BTC-USD")
