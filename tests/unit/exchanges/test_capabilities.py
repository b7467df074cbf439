"""What a channel declares of itself is what its exchange then does."""

from __future__ import annotations

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Channel, Exchange, History, Missing, Proof

STREAMS = [
    pytest.param(exchange, name, channel, id=f"{exchange.name}-{name}")
    for exchange in EXCHANGES.values()
    for name, channel in exchange.channels.items()
]
SYMBOL = "BTC-USD"
DAY_NS = 86_400_000_000_000
for_every_channel = pytest.mark.parametrize(("exchange", "name", "channel"), STREAMS)


def missing(name: str, first: int | None = 1_000, from_ns: int = DAY_NS, to_ns: int = DAY_NS + 1) -> Missing:
    return Missing(name, SYMBOL, first, None if first is None else first + 9, from_ns, to_ns)


@for_every_channel
def test_checksums_are_declared_where_they_can_be_checked(
    exchange: Exchange, name: str, channel: Channel
) -> None:
    assert channel.checksums == (exchange.book_check(name, SYMBOL) is not None)
    assert channel.checksums or channel.proof is not Proof.CHECKSUM


@for_every_channel
def test_a_book_that_begins_over_rest_has_a_request_for_it(
    exchange: Exchange, name: str, channel: Channel
) -> None:
    if channel.snapshot == "rest":
        assert exchange.rest.snapshot_request(SYMBOL).path
    assert (channel.snapshot is None) or channel.table == "book_updates"


@for_every_channel
def test_history_is_declared_where_there_is_a_request_for_it_and_says_what_that_goes_by(
    exchange: Exchange, name: str, channel: Channel
) -> None:
    first = 1_000 if channel.consecutive else None
    request = exchange.rest.backfill_request(missing(name, first))
    assert (channel.history is not None) == (request is not None)
    if request is None:
        return
    assert channel.has_trades
    other_ids = exchange.rest.backfill_request(missing(name, 2_000 if channel.consecutive else None))
    other_time = exchange.rest.backfill_request(missing(name, first, DAY_NS * 2, DAY_NS * 4))
    assert (request != other_ids) == (channel.history is History.IDS)
    assert (request != other_time) == (channel.history is History.TIME)


@for_every_channel
def test_only_trades_and_books_have_ids_that_prove_them(
    exchange: Exchange, name: str, channel: Channel
) -> None:
    assert not channel.consecutive or channel.table in ("trades", "agg_trades", "book_updates", "orders")
