from __future__ import annotations

import tracemalloc
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.ingest.wire.frames import FRAMES_A_TURN, Fragments, FrameSplitter, payload_of

MAX = 1_000_000


def frame(payload: bytes, first: int = 0x81) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


KINDS = st.sampled_from([0x81, 0x82, 0x01, 0x80, 0x89, 0x8A, 0x88, 0xC1])
SIZES = st.sampled_from([0, 1, 125, 126, 127, 65535, 65536])


@given(st.lists(st.tuples(KINDS, SIZES), max_size=12), st.randoms(use_true_random=False))
def test_however_the_bytes_are_cut_every_frame_goes_where_it_belongs_in_its_order(
    pieces: list[tuple[int, int]], random: Random
) -> None:
    frames = [(first, bytes([number % 251]) * size) for number, (first, size) in enumerate(pieces)]
    wire = b"".join(frame(payload, first) for first, payload in frames)
    came: list[tuple[str, bytes]] = []

    class Messages(list[bytes]):
        def append(self, message: bytes) -> None:
            came.append(("message", message))

    splitter = FrameSplitter(lambda raw: came.append(("odd", raw)), MAX)
    position = 0
    while position < len(wire):
        step = random.choice([1, 2, 3, 7, 100] if len(wire) < 5000 else [1, 3, 8192, 70_000])
        rest = splitter.feed(wire[position : position + step], Messages())
        while rest:
            rest = splitter.feed(rest, Messages())
        position += step
    assert came == [
        ("message", payload) if first in (0x81, 0x82) else ("odd", frame(payload, first))
        for first, payload in frames
    ]


def test_a_frame_that_is_masked_or_too_large_ends_the_splitting() -> None:
    for bad in (b"\x81\x85abcd01234", b"\x81\x7f" + (MAX + 1).to_bytes(8, "big") + b"begin"):
        messages: list[bytes] = []
        odd: list[bytes] = []
        splitter = FrameSplitter(odd.append, MAX)
        splitter.feed(frame(b"good") + bad, messages)
        splitter.feed(frame(b"never read"), messages)
        assert messages == [b"good"]
        assert b"".join(odd) == bad + frame(b"never read")


def test_a_large_message_in_many_pieces_is_not_copied_for_each() -> None:
    payload = bytes(900_000)
    wire = frame(payload)
    messages: list[bytes] = []
    splitter = FrameSplitter(lambda raw: None, MAX)
    for position in range(0, len(wire), 1000):
        splitter.feed(wire[position : position + 1000], messages)
    assert messages == [payload]


@given(SIZES)
def test_the_payload_of_a_frame_is_what_was_put_in(size: int) -> None:
    assert payload_of(frame(b"x" * size, 0x89)) == b"x" * size


def test_a_message_in_fragments_is_whole_with_its_last_one() -> None:
    fragments = Fragments(MAX)
    assert fragments.add(frame(b"to", 0x02)) is None
    assert fragments.add(frame(b"", 0x00)) is None
    assert fragments.add(frame(b"x" * 300, 0x00)) is None
    assert fragments.add(frame(b"gether", 0x80)) == b"to" + b"x" * 300 + b"gether"
    assert fragments.add(frame(b"again", 0x01)) is None


def test_empty_fragments_without_end_take_no_memory() -> None:
    fragments = Fragments(MAX)
    fragments.add(frame(b"begun", 0x01))
    tracemalloc.start()
    try:
        for _ in range(100_000):
            fragments.add(b"\x00\x00")
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_fragments_out_of_their_order_or_beyond_the_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="unexpected continuation"):
        Fragments(MAX).add(frame(b"", 0x80))
    fragments = Fragments(10)
    fragments.add(frame(b"12345", 0x01))
    with pytest.raises(ValueError, match="expected a continuation"):
        fragments.add(frame(b"", 0x02))
    with pytest.raises(ValueError, match="more than 10 bytes"):
        fragments.add(frame(b"678901", 0x00))


def test_tiny_frames_take_turns_in_which_nothing_is_lost() -> None:
    odd: list[bytes] = []
    splitter = FrameSplitter(odd.append, MAX)
    messages: list[bytes] = []
    turns, rest = 0, b"\x89\x00" * (3 * FRAMES_A_TURN) + frame(b"last")[:3]
    while rest:
        before = len(odd)
        rest = splitter.feed(rest, messages)
        turns += 1
        assert len(odd) - before <= FRAMES_A_TURN
    splitter.feed(frame(b"last")[3:], messages)
    assert (len(odd), messages) == (3 * FRAMES_A_TURN, [b"last"])
    assert turns == 4
