from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from daedalus.ingest.frames import FrameSplitter

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
        splitter.feed(wire[position : position + step], Messages())
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
