"""Splits an exchange's bytes into websocket frames, and takes whole messages out of them.

Nearly all frames are of one kind: final, unmasked, text (RFC 6455, 5.2); the payload is the message. All
others (pings, closing, fragments, reserved bits, masks) are rare, and are passed on whole and in order to the
protocol.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FRAMES_A_TURN", "Fragments", "FrameSplitter", "payload_of"]

FRAMES_A_TURN = 1024
"""One read may bring 128,000 of the smallest frames: at once, they would hold up the event loop."""

_PLAIN = frozenset((0x81, 0x82))  # the first byte of a final text or binary frame
_LONG, _LONGER = 126, 127
_FINAL = 0x80


class FrameSplitter:
    """One connection's bytes after the handshake. ``odd`` is called with each frame that is not plain.

    ``max_bytes``: of a frame that claims to be larger, ``odd`` gets what is there, and all bytes after it:
    the protocol must end such a connection, and nothing here waits for the rest.
    """

    def __init__(self, odd: Callable[[bytes], None], max_bytes: int) -> None:
        self._odd = odd
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._needed = 0  # bytes of `_rest` that make the next frame whole
        self.given_up = False
        """Whether bytes are no longer split: the protocol gets all of them as they come."""

    def feed(self, data: bytes, messages: list[bytes]) -> bytes:
        """Take the next bytes; append the messages that are whole now to ``messages``.

        Returns the bytes that were too much for one turn: give them first in the next one.
        """
        if self.given_up:
            self._odd(data)
            return b""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return b""
            data = bytes(self._rest)
            self._rest.clear()
        self._needed = 0
        position, end = 0, len(data)
        for _ in range(FRAMES_A_TURN):
            if end - position < 2:
                break
            first, size = data[position], data[position + 1]
            start = position + 2
            if size >= _LONG:
                wide = 2 if size == _LONG else 8 if size == _LONGER else 0
                if not wide:  # masked: an exchange must not do that
                    self._give_up(data[position:])
                    return b""
                if end - start < wide:
                    break
                size = int.from_bytes(data[start : start + wide], "big")
                start += wide
                if size > self._max_bytes:
                    self._give_up(data[position:])
                    return b""
            stop = start + size
            if stop > end:
                self._needed = stop - position
                break
            if first in _PLAIN:
                messages.append(data[start:stop])
            else:
                self._odd(data[position:stop])
                if self.given_up:  # `odd` has ended the splitting
                    self._odd(data[stop:])
                    return b""
            position = stop
        else:
            return data[position:]
        if position < end:
            self._rest += data[position:]
        return b""

    def _give_up(self, data: bytes) -> None:
        self.given_up = True
        self._odd(data)


def payload_of(frame: bytes) -> bytes:
    """The payload of a whole frame without a mask."""
    size = frame[1]
    return frame[2 if size < _LONG else 4 if size == _LONG else 10 :]


class Fragments:
    """Joins the frames of a fragmented message (RFC 6455, 5.4); many may be empty."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: bytearray | None = None

    def add(self, frame: bytes) -> bytes | None:
        """Take a frame; returns the message once it is whole. Raises `ValueError` for one out of place."""
        first = frame[0]
        begins = first & 0x0F != 0
        if begins is (self._parts is not None):
            raise ValueError("expected a continuation frame" if begins else "unexpected continuation frame")
        parts = self._parts = bytearray() if self._parts is None else self._parts
        parts += payload_of(frame)
        if len(parts) > self._max_bytes:
            raise ValueError(f"a message of more than {self._max_bytes:,} bytes")
        if first < _FINAL:
            return None
        self._parts = None
        return bytes(parts)
