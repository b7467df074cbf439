from __future__ import annotations

from unit.exchanges.kraken.samples import TRADE

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.kraken.exchange import KRAKEN

EXCHANGE = KRAKEN


def test_old_trades_sent_on_subscribing_again_are_no_new_count_of_ids() -> None:
    continuity = Continuity(EXCHANGE.channels)
    continuity.observe(EXCHANGE.messages.classify(TRADE), 1)
    again = continuity.observe(EXCHANGE.messages.classify(TRADE), 10**12)
    assert (again.duplicate, again.reset, again.gap) == (True, False, None)
