"""Requests of Bitfinex's clients: settings, subscriptions, pings.

Source: docs.bitfinex.com, "WebSocket API: General" and "Public channels". A refusal repeats the request.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Any

import msgspec

from ...protocol import Form, Session

__all__ = ["BitfinexSession", "Requests"]

TIMESTAMP, SEQ_ALL, OB_CHECKSUM = 32768, 65536, 131072
_MOST_CHANNELS = 25
_LENGTHS = ("1", "25", "100", "250")
_FIRST_NUMBER = 200_000


class BitfinexSession(Session):
    """One connection: its flags, its channel numbers and its frame count.

    A stream is ``trades:<symbol>``, ``book:<symbol>:<length>``, ``ticker:<symbol>`` or a key of
    ``status``. A form is (checksums,).
    """

    def __init__(self, first: int) -> None:
        super().__init__()
        self.flags = 0
        self.numbers: dict[str, int] = {}
        self.sequence = 0
        self._next = count(first)

    @property
    def form(self) -> Form:
        return (bool(self.flags & OB_CHECKSUM),)

    def configure(self, flags: int) -> None:
        self.flags = flags
        self.streams = dict.fromkeys(self.streams, self.form)

    def subscribe(self, stream: str) -> int:
        self.streams[stream] = self.form
        self.numbers[stream] = next(self._next)
        return self.numbers[stream]

    def unsubscribe(self, number: object) -> bool:
        for stream, known in self.numbers.items():
            if known == number:
                del self.numbers[stream], self.streams[stream]
                return True
        return False

    def framed(self, stream: str, body: str, ms: str) -> str:
        """A frame with the channel's number and, if asked for, its own number and the time."""
        text = f"[{self.numbers[stream]},{body}"
        if self.flags & SEQ_ALL:
            self.sequence += 1
            text += f",{self.sequence}"
        return f"{text},{ms}]" if self.flags & TIMESTAMP else f"{text}]"


class Requests:
    """Applies requests; ``symbols`` are all there are, None: any symbol is accepted."""

    def __init__(self, symbols: Collection[str] | None) -> None:
        self._symbols = symbols
        self._first = count(_FIRST_NUMBER, 1000)

    def session(self) -> BitfinexSession:
        """A new connection with channel numbers of its own."""
        return BitfinexSession(next(self._first))

    def answer(self, session: BitfinexSession, text: str) -> str:
        """Apply a request and answer it."""
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            request = None
        if not isinstance(request, dict):
            return _written({"event": "error", "msg": "request: invalid", "code": 10000})
        match request.get("event"):
            case "conf" if isinstance(request.get("flags"), int):
                session.configure(request["flags"])
                return _written({"event": "conf", "status": "OK", "flags": session.flags})
            case "subscribe":
                return self._subscribe(session, request)
            case "unsubscribe":
                number = request.get("chanId")
                if session.unsubscribe(number):
                    return _written({"event": "unsubscribed", "status": "OK", "chanId": number})
                return _refused(request, "unsubscribe: invalid", 10400)
            case "ping":
                return _written({**request, "event": "pong"})
        return _refused(request, "event: unknown", 10000)

    def _subscribe(self, session: BitfinexSession, request: dict[str, Any]) -> str:
        channel = request.get("channel")
        told: dict[str, Any]
        if channel == "status":
            stream = request.get("key")
            if not isinstance(stream, str) or not self._is_key(stream):
                return _refused(request, "key: invalid", 10300)
            told = {"key": stream}
        elif channel in ("trades", "book", "ticker"):
            symbol = request.get("symbol") or f"t{request.get('pair')}"
            if not isinstance(symbol, str) or not self._known(symbol):
                return _refused(request, "symbol: invalid", 10300)
            told, stream = {"symbol": symbol}, f"{channel}:{symbol}"
            if channel == "book":
                book = {name: str(request.get(name, usual)) for name, usual in _BOOK}
                if book["prec"] != "P0" or book["freq"] != "F0" or book["len"] not in _LENGTHS:
                    return _refused(request, "book: invalid", 10300)
                told, stream = told | book, f"{stream}:{book['len']}"
            told["pair"] = symbol.removeprefix("t")
        else:
            return _refused(request, "channel: unknown", 10302)
        if stream in session.streams:
            return _refused(request, "subscribe: dup", 10301)
        if len(session.streams) >= _MOST_CHANNELS:
            return _refused(request, "subscribe: limit", 10305)
        return _written(
            {"event": "subscribed", "channel": channel, "chanId": session.subscribe(stream), **told}
        )

    def _is_key(self, key: str) -> bool:
        kind, _, symbol = key.partition(":")
        return key == "liq:global" or (kind == "deriv" and "F0:" in symbol and self._known(symbol))

    def _known(self, symbol: str) -> bool:
        return self._symbols is None or symbol in self._symbols


_BOOK = (("prec", "P0"), ("freq", "F0"), ("len", "25"))


def _refused(request: dict[str, Any], text: str, code: int) -> str:
    return _written({**request, "event": "error", "msg": text, "code": code})


def _written(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
