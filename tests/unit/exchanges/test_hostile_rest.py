"""Whatever REST answers: `classify_backfill` answers, and the rest fails only in the ways it promises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Header, Ids, Malformed, Unknown
from daedalus.exchanges.reading import UNREADABLE

REAL: list[object] = [
    [{"id": 7, "price": "4.1", "qty": "1", "time": 1499865549590, "isBuyerMaker": True}],
    [{"a": 7, "p": "0.1", "q": "4", "f": 8, "l": 9, "T": 1498793709153, "m": True}],
    [{"trade_id": 7, "price": "10", "size": "1", "side": "buy", "time": "2014-11-07T22:19:28.578544Z"}],
    {"symbols": [{"symbol": "AB", "baseAsset": "A", "quoteAsset": "B", "filters": []}]},
    [{"id": "A-B", "base_currency": "A", "quote_currency": "B"}],
]
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just({"a": [1]})


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real answer with one field of one entry replaced."""
    answer = json.loads(json.dumps(draw(st.sampled_from(REAL))))
    entry = (answer["symbols"] if isinstance(answer, dict) else answer)[0]
    entry[draw(st.sampled_from(sorted(entry)))] = draw(VALUES)
    return json.dumps(answer).encode()


BODIES = st.binary() | mutated() | VALUES.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@given(body=BODIES)
def test_any_answer_to_a_backfill_is_classified(exchange: str, body: bytes) -> None:
    for channel in EXCHANGES[exchange].channels:
        header = EXCHANGES[exchange].classify_backfill(channel, "A", body)
        assert isinstance(header, Data | Malformed | Unknown)
        for part in (header, *header.more) if isinstance(header, Data) else ():
            assert isinstance(part, Header)
            assert part.ids is None or isinstance(part.ids, Ids)
        if isinstance(header, Data):
            try:
                rows = EXCHANGES[exchange].normalize_backfill(header, body)
            except UNREADABLE:
                continue
            assert all(row.symbol == "A" for row in rows)


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@given(body=BODIES)
def test_any_list_of_instruments_is_read_or_refused(exchange: str, body: bytes) -> None:
    try:
        EXCHANGES[exchange].instruments(body)
    except UNREADABLE:
        return
