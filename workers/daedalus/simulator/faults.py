"""The faults applied to the messages and streams of one connection, and to REST requests.

No sockets, no clock: the same messages meet the same faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from http import HTTPStatus

from msgspec import Struct

from .options import Faults, SimulatorError
from .protocol import Form, HttpAnswer

__all__ = ["Courier", "Fate", "Loss", "Refusals"]

_GARBAGE = '\x00\x7f{"this is": no JSON,,]'


class Fate(Struct, frozen=True):
    """What becomes of one message of market data.

    sent: the (stream, payload) pairs to send now; the stream is "" for anything but market data
    lost: it is never sent
    ends: the connection ends after it
    """

    sent: Sequence[tuple[str, str | bytes]] = ()
    lost: bool = False
    ends: bool = False


_LOST = Fate(lost=True)


class Courier:
    """Delivers the market data of one connection with the configured faults.

    ``number``: the connection's; connections with the same streams lose different messages.
    """

    def __init__(self, faults: Faults, number: int = 0) -> None:
        self._faults = faults
        self._number = number
        self._count = 0
        self._held: tuple[str, str | bytes] | None = None

    def mutes(self, stream: str) -> bool:
        """Whether a stream never delivers."""
        return any(fnmatchcase(stream, pattern) for pattern in self._faults.mute)

    def carry(self, stream: str, payload: str | bytes) -> Fate:
        """What becomes of the next message of market data."""
        faults = self._faults
        if _passed(faults.drop_after, self._count) or _passed(faults.stall_after, self._count):
            return _LOST
        self._count += 1
        ends = self._count == faults.drop_after
        if faults.lose_every is not None and (self._count + self._number) % faults.lose_every == 0:
            return Fate(self._release(), lost=True, ends=ends)
        message = (stream, payload)
        sent = [message, message] if self._every(faults.duplicate_every) else [message]
        if self._every(faults.garble_every):
            sent.append(("", _GARBAGE))
        if self._every(faults.truncate_every):
            sent.append(("", payload[: len(payload) // 2]))
        if self._held is None and self._every(faults.swap_every):
            self._held = sent.pop(0)
            return Fate(sent, ends=ends)
        return Fate([*sent, *self._release()], ends=ends)

    def _release(self) -> list[tuple[str, str | bytes]]:
        held, self._held = self._held, None
        return [held] if held else []

    def _every(self, number: int | None) -> bool:
        return number is not None and self._count % number == 0


class Loss:
    """The messages of the market that reach no connection: each n-th of a stream, in all its forms."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._counts: Counter[str] = Counter()

    def judge(self, messages: Sequence[tuple[str, Form]]) -> list[bool]:
        """For the stream and form of each message of one moment: whether it is dropped."""
        within: Counter[tuple[str, Form]] = Counter()  # the same message in two forms counts once
        lost: list[bool] = []
        for stream, form in messages:
            within[stream, form] += 1
            lost.append((self._counts[stream] + within[stream, form]) % self._every == 0)
        for stream in {stream for stream, _ in messages}:
            self._counts[stream] += max(count for (each, _), count in within.items() if each == stream)
        return lost


class Refusals:
    """How REST refuses requests; ``begun_ns``: when the exchange was started."""

    def __init__(self, faults: Faults, begun_ns: int) -> None:
        if faults.rest_status not in (None, *HTTPStatus):
            raise SimulatorError(
                f"--rest-status {faults.rest_status}: HTTP has no such status. Take 429 or 418."
            )
        self._faults = faults
        self._begun_ns = begun_ns
        self._count = 0

    def refuse(self, now_ns: int) -> HttpAnswer | None:
        """The refusal of a request at this time; None: it is answered."""
        faults, age = self._faults, (now_ns - self._begun_ns) / 10**9
        if faults.rest_status is None:
            return None
        if faults.rest_refusals is not None and self._count >= faults.rest_refusals:
            return None
        if faults.rest_seconds is not None and age >= faults.rest_seconds:
            return None
        self._count += 1
        wait = 1 if faults.rest_seconds is None else max(1, round(faults.rest_seconds - age))
        body = {"code": faults.rest_status, "msg": "Too many requests"}
        return HttpAnswer.json(body, status=faults.rest_status, headers={"Retry-After": str(wait)})


def _passed(limit: int | None, count: int) -> bool:
    return limit is not None and count >= limit
