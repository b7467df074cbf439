"""Whatever comes off the wire: `classify` answers, and `normalize` fails only in the ways it promises."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Header, Heartbeat, Malformed, Unknown
from daedalus.exchanges.reading import UNREADABLE

REAL = [
    b'{"stream":"a@depth@100ms","data":{"e":"depthUpdate","E":5,"s":"A","U":3,"u":4,"b":[["0.3","4"]],"a":[]}}',
    b'{"stream":"a@bookTicker","data":{"u":49,"s":"A","b":"0.3","B":"6","a":"0.3","A":"31"}}',
    b'{"stream":"a@aggTrade","data":{"E":9,"s":"A","a":1,"p":"0.3","q":"5","f":1,"l":2,"T":9,"m":false}}',
    b'{"e":"trade","E":1567296001038,"s":"B","t":60276726,"p":"0.0021","q":"6.4","T":1567296001034,"m":true}',
    b'{"stream":"a@markPrice@1s","data":{"e":"markPriceUpdate","E":5,"s":"A","p":"3","i":"3","r":"-0.1","T":7}}',
    b'{"stream":"a@forceOrder","data":{"e":"forceOrder","E":5,"o":{"s":"A","S":"SELL","ap":"3","z":"1","T":4}}}',
    b'{"result":null,"id":7}',
    b'{"type":"match","trade_id":28,"side":"sell","size":"985","price":"0.1","product_id":"A","time":"2021"}',
    b'{"type":"l2update","product_id":"A","changes":[["sell","0.1","660.5"]],"time":"2021-04-17T16:43:37.1Z"}',
    b'{"type":"snapshot","product_id":"A","asks":[["14.8","1"]],"bids":[["14.7","0.5"]]}',
    b'{"type":"ticker","sequence":33,"product_id":"A","best_bid":"1","best_ask":"2"}',
    b'{"type":"heartbeat","last_trade_id":20,"product_id":"B"}',
    b'{"type":"subscriptions","channels":[{"name":"level2","product_ids":["A"]}]}',
    b'{"type":"error","message":"m","reason":"r"}',
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real message with one field replaced, or with some bytes changed."""
    message = draw(st.sampled_from(REAL))
    if draw(st.booleans()):
        found = json.loads(message)
        inner = found.get("data", found)
        inner[draw(st.sampled_from(sorted(inner)))] = draw(VALUES)
        return json.dumps(found).encode()
    at = draw(st.integers(0, len(message)))
    return message[:at] + draw(st.binary(max_size=4)) + message[at + draw(st.integers(0, 6)) :]


def follow(exchange: str, payload: bytes) -> Header:
    found = EXCHANGES[exchange].classify(payload)
    observed = Continuity(EXCHANGES[exchange].channels)
    if isinstance(found, Heartbeat) and found.announces:
        assert -(2**63) <= found.announces.last < 2**62
    if isinstance(found, Data):
        for _ in range(2):
            observed.observe(found, 0)
        if found.ids:
            assert -(2**63) <= found.ids.first <= found.ids.last < 2**62
    if isinstance(found, Data | Heartbeat):
        found.symbol.encode()
        assert found.exchange_ns is None or 0 < found.exchange_ns < 2**63
    return found


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@given(payload=st.binary() | mutated() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_classified(exchange: str, payload: bytes) -> None:
    header = follow(exchange, payload)
    if isinstance(header, Data):
        try:
            rows = EXCHANGES[exchange].normalize(header, payload)
        except UNREADABLE:
            return
        assert all(row.symbol == header.symbol for row in rows)


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
@given(body=st.binary() | mutated())
def test_any_body_of_a_snapshot_is_classified(exchange: str, body: bytes) -> None:
    assert isinstance(EXCHANGES[exchange].classify_snapshot("A", body), Data | Malformed | Unknown)
