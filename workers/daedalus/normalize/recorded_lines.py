"""Reads recorded messages, one per line, in the forms in which people keep them.

    {"recv_ns":1723161253937085768,"payload":"…"}    payload: a string, or the message itself
    1618677817.061845: {…}                           seconds, with a fraction of any length
    1723161253937085768 {…}                          ns
    https://host/path?query -> 1633998512.3: {…}     the body of a REST answer

A file may be gzipped. Other lines (blank ones, the client's own messages) hold no message.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from io import BufferedReader
from typing import BinaryIO, cast

import msgspec
from msgspec import Raw, Struct

from ..exchanges.reading import UNREADABLE

__all__ = ["Recorded", "lines_of", "read_line"]

_LARGEST_NS = 2**63 - 1
_SECONDS = re.compile(rb"(\d{1,10})(?:\.(\d+))?: ?(.+)", re.DOTALL)
_NANOSECONDS = re.compile(rb"(\d{16,19}) (.+)", re.DOTALL)
_REST = re.compile(rb"(https?://\S+) -> (\d{1,10})(?:\.(\d+))?: ?(.+)", re.DOTALL)


class Recorded(Struct, frozen=True):
    """One message with its time of arrival (UTC ns); ``url``: of the request that it answers, if any."""

    recv_ns: int
    payload: bytes
    url: str | None = None


class _Line(Struct):
    recv_ns: int
    payload: Raw


_line = msgspec.json.Decoder(_Line).decode
_text = msgspec.json.Decoder(str).decode


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a buffered file or of stdin, unpacked if the first bytes say that it is gzipped."""
    beginning = cast("BufferedReader", stream).peek(2)[:2]
    yield from gzip.GzipFile(fileobj=stream) if beginning == b"\x1f\x8b" else stream


def read_line(line: bytes) -> Recorded | None:
    """The message in a line; None if there is none."""
    line = line.rstrip(b"\r\n")
    if line.startswith(b"{"):
        return _own_form(line)
    if match := _NANOSECONDS.fullmatch(line):
        return _recorded(int(match[1]), match[2])
    if match := _SECONDS.fullmatch(line):
        return _recorded(_ns(match[1], match[2]), match[3])
    if match := _REST.fullmatch(line):
        return _recorded(_ns(match[2], match[3]), match[4], match[1].decode("utf-8", "replace"))
    return None


def _own_form(line: bytes) -> Recorded | None:
    try:
        found = _line(line)
        payload = bytes(found.payload)
        if payload.startswith(b'"'):
            payload = _text(payload).encode()
    except UNREADABLE:
        return None
    return _recorded(found.recv_ns, payload)


def _recorded(ns: int, payload: bytes, url: str | None = None) -> Recorded | None:
    return Recorded(ns, payload, url) if 0 <= ns <= _LARGEST_NS else None


def _ns(seconds: bytes, fraction: bytes | None) -> int:
    """ns of a decimal number of seconds, exactly; digits after the ninth are cut off."""
    return int(seconds) * 1_000_000_000 + int((fraction or b"").ljust(9, b"0")[:9])
