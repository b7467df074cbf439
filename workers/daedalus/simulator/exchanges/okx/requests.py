"""Subscription requests of OKX's clients, and the answers to them.

Source: okx.com/docs-v5, "WebSocket / Subscribe". Each argument is confirmed or refused by itself; a
refusal names the request by its id, and the stream only in its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ...instruments import Instrument
from ...protocol import Form, Session
from .rest import kind_of

__all__ = ["BUSINESS", "PUBLIC", "OkxSession", "Requests"]

PUBLIC, BUSINESS = "/ws/v5/public", "/ws/v5/business"

_ANY = ("trades", "books", "bbo-tbt", "mark-price")
_CONTRACTS = ("funding-rate", "open-interest")
_TYPES = ("SWAP", "FUTURES", "MARGIN", "OPTION")
_MOST_BYTES = 64 * 1024
_PLAIN: Form = ()


class OkxSession(Session):
    """``path``: tells which streams there are; ``connection``: the exchange's id of it."""

    def __init__(self, path: str, connection: str) -> None:
        super().__init__()
        self.path = path
        self.connection = connection
        self.bytes = 0


class Requests:
    """Reads requests for the streams of these instruments. A stream is named ``<channel>:<instId>``."""

    def __init__(self, instruments: Mapping[str, Instrument], *, any_symbol: bool) -> None:
        self._instruments = instruments
        self._indexes = {f"{each.base}-{each.quote}" for each in instruments.values()}
        self._any_symbol = any_symbol

    def answers(self, session: OkxSession, text: str) -> Iterator[str]:
        """Apply a request and answer it."""
        if text == "ping":
            yield "pong"
            return
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            request = None
        args = request.get("args") if isinstance(request, dict) else None
        if not isinstance(args, list) or request.get("op") not in ("subscribe", "unsubscribe"):
            yield _event(session, {}, "error", code="60012", msg=f"Invalid request: {text}")
            return
        for arg in args:
            yield self._answer(session, request, arg)

    def _answer(self, session: OkxSession, request: dict[str, Any], arg: object) -> str:
        if not isinstance(arg, dict) or not isinstance(arg.get("channel"), str):
            invalid = f"Invalid request: {msgspec.json.encode(request).decode()}"
            return _event(session, request, "error", code="60012", msg=invalid)
        channel = arg["channel"]
        name = "instType" if channel == "liquidation-orders" else "instId"
        value = str(arg.get(name, ""))
        if not self._exists(session.path, channel, value):
            words = (
                f"Wrong URL or channel:{channel},{name}:{value} doesn't exist. Please use the correct URL, "
                "channel and parameters referring to API document."
            )
            return _event(session, request, "error", code="60018", msg=words)
        stream = f"{channel}:{value}"
        if request["op"] == "unsubscribe":
            session.streams.pop(stream, None)
        else:
            session.bytes += len(msgspec.json.encode(arg))
            if session.bytes > _MOST_BYTES:
                words = "Invalid request: the channels are longer than 64 KB"
                return _event(session, request, "error", code="60012", msg=words)
            session.streams[stream] = _PLAIN
        return _event(session, request, request["op"], arg=arg)

    def _exists(self, path: str, channel: str, value: str) -> bool:
        if (channel == "trades-all") != (path == BUSINESS):
            return False
        if channel == "liquidation-orders":
            return value in _TYPES
        if channel == "index-tickers":
            return value in self._indexes or self._any_symbol
        if channel in _CONTRACTS and value in self._instruments:
            return kind_of(self._instruments[value]) == "SWAP"
        known = channel in (*_ANY, *_CONTRACTS, "trades-all")
        return known and (value in self._instruments or self._any_symbol)


def _event(session: OkxSession, request: dict[str, Any], event: str, **about: object) -> str:
    number = {"id": request["id"]} if isinstance(request.get("id"), str) else {}
    return msgspec.json.encode({**number, "event": event, **about, "connId": session.connection}).decode()
