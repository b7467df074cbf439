"""Requests of Deribit's websocket clients, and the answers to them.

Source: docs.deribit.com, "JSON-RPC", "Session management", "Subscription management".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import msgspec

from ...protocol import Session
from .text import answer

__all__ = ["HEARTBEAT", "Requests"]

HEARTBEAT = "heartbeat:"
"""The name of the heartbeat stream, which is followed by its interval in seconds."""

_PLAIN = ()
_MOST_CHANNELS = 500
_MOST_BYTES = 32768
_CHANNEL = re.compile(r"(?:(?:trades|book|ticker)\.([^.]+)\.(100ms|raw|agg2)|quote\.([^.]+))")
_RAW = {"code": 13778, "message": "raw_subscriptions_not_available_for_unauthorized"}


class Requests:
    """Grants requests. ``known``: all instruments, None: any is accepted."""

    def __init__(self, known: Collection[str] | None) -> None:
        self._known = known

    def answers(self, session: Session, text: str) -> Iterable[str]:
        """Change the session's streams and answer."""
        if len(text) >= _MOST_BYTES:
            return (_error(None, -32600, "Message Too Big: limit 32768B"),)
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return (_error(None, -32700, "Parse error"),)
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return (_error(None, 11050, "bad_request"),)
        number = request.get("id")
        if not isinstance(number, int | str | None):
            return (_error(None, 11050, "bad_request"),)
        params = request.get("params") or {}
        return (self._answer(session, request["method"], number, params),)

    def _answer(self, session: Session, method: str, number: int | str | None, params: object) -> str:
        if not isinstance(params, dict):
            return _invalid(number, "params", "object expected")
        match method:
            case "public/test" | "public/hello":
                return answer("result", '{"version":"1.2.26"}', number)
            case "public/set_heartbeat":
                interval = params.get("interval")
                if not isinstance(interval, int) or not 10 <= interval <= 3600:
                    return _invalid(number, "interval", "value must be at least 10")
                _forget_heartbeat(session)
                session.streams[f"{HEARTBEAT}{interval}"] = _PLAIN
                return answer("result", '"ok"', number)
            case "public/disable_heartbeat":
                _forget_heartbeat(session)
                return answer("result", '"ok"', number)
            case "public/unsubscribe_all":
                session.streams = {name: _PLAIN for name in session.streams if name.startswith(HEARTBEAT)}
                return answer("result", '"ok"', number)
            case "public/subscribe" | "public/unsubscribe":
                return self._manage(session, method, number, params.get("channels"))
        return _error(number, -32601, "Method not found")

    def _manage(self, session: Session, method: str, number: int | str | None, channels: object) -> str:
        if not isinstance(channels, list) or not all(isinstance(name, str) for name in channels):
            return _invalid(number, "channels", "list of strings expected")
        if len(channels) > _MOST_CHANNELS:
            return _invalid(number, "channels", f"at most {_MOST_CHANNELS}")
        if method == "public/unsubscribe":
            done = [name for name in channels if session.streams.pop(name, None) is not None]
            return answer("result", _json(done), number)
        if any(name.endswith(".raw") for name in channels):
            return answer("error", _json(_RAW), number)
        served = [name for name in channels if self._serves(name)]
        session.streams.update((name, _PLAIN) for name in served if name not in session.streams)
        return answer("result", _json(served[::-1]), number)  # the exchange sorts them

    def _serves(self, channel: str) -> bool:
        found = _CHANNEL.fullmatch(channel)
        return found is not None and (self._known is None or (found[1] or found[3]) in self._known)


def _forget_heartbeat(session: Session) -> None:
    session.streams = {name: form for name, form in session.streams.items() if not name.startswith(HEARTBEAT)}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _error(number: int | str | None, code: int, message: str) -> str:
    return answer("error", _json({"code": code, "message": message}), number)


def _invalid(number: int | str | None, param: str, reason: str) -> str:
    error = {"message": "Invalid params", "data": {"reason": reason, "param": param}, "code": -32602}
    return answer("error", _json(error), number)
