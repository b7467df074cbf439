"""Whatever comes off the wire or over REST: it is classified, and decoding fails only as it promises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fuzz.exchanges import read_answer, read_messages
from hypothesis import given
from hypothesis import strategies as st
from unit.exchanges.sampled import SAMPLES

from daedalus.exchanges import EXCHANGES

LARGEST_BYTES = 4000
REAL = {
    name: [payload for payload in samples.payloads() if len(payload) < LARGEST_BYTES]
    for name, samples in SAMPLES.items()
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
PUT = st.binary(max_size=4) | st.sampled_from([b"null", b"-1", b"1e999", b"[", b"{", b'"a"', b"1" * 30])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value that can be given another value: a container and a key."""
    found = []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found += [(value, key), *places(value[key])]
    return found


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A real message or answer in which some bytes are others, or one value is another."""
    payload = draw(st.sampled_from(REAL[name]))
    try:
        found = json.loads(payload) if draw(st.booleans()) else None
    except (ValueError, RecursionError):
        found = None
    if there := places(found):
        container, key = draw(st.sampled_from(there))
        container[key] = draw(VALUES)
        return json.dumps(found, separators=(",", ":")).encode()
    at = draw(st.integers(0, len(payload)))
    return payload[:at] + draw(PUT) + payload[at + draw(st.integers(0, 12)) :]


def hostile(name: str) -> st.SearchStrategy[bytes]:
    """Its own messages whole and damaged, another's, any JSON, any bytes."""
    others = st.sampled_from(sorted(set(SAMPLES) - {name})).flatmap(
        lambda other: st.sampled_from(REAL[other])
    )
    anything = st.binary() | VALUES.map(lambda value: json.dumps(value).encode())
    return damaged(name) | st.sampled_from(REAL[name]) | others | anything


@pytest.mark.parametrize("name", SAMPLES)
@given(drawn=st.data())
def test_no_bytes_break_a_connection_or_the_check_of_a_book(name: str, drawn: st.DataObject) -> None:
    messages = drawn.draw(st.lists(hostile(name), min_size=1, max_size=4))
    read_messages(EXCHANGES[name], [*SAMPLES[name].opening, *messages])


@pytest.mark.parametrize("name", SAMPLES)
@given(drawn=st.data())
def test_any_answer_over_rest_is_read_or_refused(name: str, drawn: st.DataObject) -> None:
    read_answer(EXCHANGES[name], drawn.draw(hostile(name)))
