"""POST requests for a server that reads GETs only: the websockets library supports no request with a body."""

from __future__ import annotations

import re

__all__ = ["without_body"]

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*(?=\r\n|$)", re.IGNORECASE)


def without_body(received: bytes) -> tuple[bytes, bytes | None] | None:
    """Turn the first bytes of a connection into (a GET with the same path and headers, the body).

    Anything but a POST is returned unchanged, with None. Returns None while a POST is incomplete.
    """
    if not b"POST ".startswith(received[:5]):
        return received, None
    head, end, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    size = int(length[1]) if length else 0
    if not end or len(body) < size:
        return None
    head = _LENGTH.sub(b"", head)
    return b"GET " + head.removeprefix(b"POST ") + end, body[:size]
