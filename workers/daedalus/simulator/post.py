"""A POST for a server that reads GETs only: the websockets library knows no request with a body."""

from __future__ import annotations

import re

__all__ = ["without_body"]

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*(?=\r\n|$)", re.IGNORECASE)


def without_body(received: bytes) -> tuple[bytes, bytes | None] | None:
    """What came first on a connection, as (a GET of the same path and headers, the body it had).

    Whatever is not a POST stays as it is, with None. The answer is None while more of a POST must come.
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
