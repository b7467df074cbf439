"""Subscription requests of Binance's clients and the answers to them; the same on all its markets.

Source: binance-spot-api-docs, web-socket-streams.md, "Live Subscribing/Unsubscribing to streams". Unknown
streams, and streams of another route, are acknowledged and stay silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ...protocol import Form, Session

__all__ = ["BinanceSession", "managed"]

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID = re.compile(r"[0-9A-Za-z_-]{1,36}")


class BinanceSession(Session):
    """A form is (wrapped in the stream's name, microseconds).

    ``asked``: the streams subscribed to; ``streams``: those among them that exist.
    """

    def __init__(self, form: Form, most: int, delivers: Callable[[str], bool]) -> None:
        super().__init__()
        self.form = form
        self.asked: dict[str, None] = {}
        self._most, self._delivers = most, delivers

    def subscribe(self, streams: Iterable[str]) -> bool:
        """Add streams. Returns False and adds none if they exceed the limit."""
        asked = self.asked | dict.fromkeys(streams)
        if len(asked) > self._most:
            return False
        self.asked = asked
        self.streams = {stream: self.form for stream in asked if self._delivers(stream)}
        return True

    def unsubscribe(self, streams: Iterable[str]) -> None:
        for stream in streams:
            self.asked.pop(stream, None)
            self.streams.pop(stream, None)

    def reform(self, form: Form) -> None:
        self.form = form
        self.streams = dict.fromkeys(self.streams, form)


def managed(session: BinanceSession, text: str) -> str:
    """Apply a request and answer it."""
    try:
        request = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _answer(error=(3, "Invalid JSON: expected value at line 1 column 1"))
    if not isinstance(request, dict) or "method" not in request:
        return _answer(error=(2, "Invalid request: missing field `method` at line 1 column 1"))
    request_id, params = request.get("id"), request.get("params", [])
    if not _is_id(request_id):
        return _answer(error=(2, "Invalid request: request ID must be an unsigned integer"))
    if request["method"] not in _METHODS:
        expected = ", ".join(f"`{method}`" for method in _METHODS)
        problem = f"Invalid request: unknown variant `{request['method']}`, expected one of {expected}"
        return _answer(request_id, error=(2, problem))
    if not isinstance(params, list):
        return _answer(request_id, error=(2, "Invalid request: invalid type: expected a sequence"))
    if request["method"].endswith("PROPERTY"):
        return _property(session, request_id, params, write=request["method"] == "SET_PROPERTY")
    if not all(isinstance(stream, str) for stream in params):
        return _answer(request_id, error=(2, "Invalid request: invalid type: expected a string"))
    return _streams(session, request["method"], request_id, params)


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return _ID.fullmatch(value) is not None
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _answer(
    request_id: int | str | None = None, *, result: object = None, error: tuple[int, str] | None = None
) -> str:
    body: dict[str, object] = {"error": {"code": error[0], "msg": error[1]}} if error else {"result": result}
    return msgspec.json.encode({**body, "id": request_id}).decode()


def _streams(session: BinanceSession, method: str, request_id: int | str | None, streams: list[str]) -> str:
    if method == "LIST_SUBSCRIPTIONS":
        return _answer(request_id, result=list(session.asked))
    if method == "UNSUBSCRIBE":
        session.unsubscribe(streams)
    elif not session.subscribe(streams):
        return _answer(request_id, error=(2, "Invalid request: too many parameters"))
    return _answer(request_id)


def _property(
    session: BinanceSession, request_id: int | str | None, params: list[Any], *, write: bool
) -> str:
    if not params or not isinstance(params[0], str):
        return _answer(request_id, error=(2, "Invalid request: property name must be a string"))
    if params[0] != "combined":
        return _answer(request_id, error=(0, "Unknown property"))
    if not write:
        return _answer(request_id, result=session.form[0])
    if len(params) != 2 or not isinstance(params[1], bool):
        return _answer(request_id, error=(1, "Invalid value type: expected Boolean"))
    session.reform((params[1], session.form[1]))
    return _answer(request_id)
