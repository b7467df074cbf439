"""A POST becomes a GET and a body, however it arrives; all else stays as it is."""

from __future__ import annotations

from daedalus.simulator.post import without_body

POST = b'POST /info HTTP/1.1\r\nHost: x\r\ncontent-length: 15\r\nAccept: */*\r\n\r\n{"type":"meta"}'


def test_a_post_is_complete_with_its_last_byte_and_not_before() -> None:
    assert all(without_body(POST[:end]) is None for end in range(1, len(POST)))
    head = b"GET /info HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"
    assert without_body(POST) == (head, b'{"type":"meta"}')


def test_a_post_may_have_no_body() -> None:
    assert without_body(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n") == (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"")


def test_anything_else_stays_as_it_is() -> None:
    for received in (b"GET / HTTP/1.1\r\n", b"G", b"PUT / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"):
        assert without_body(received) == (received, None)
