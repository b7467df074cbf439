"""Recordings of real exchanges: what came over the websocket, and what REST answered.

Read are, by line, plain or gzipped (told by the first bytes, not by the name):

    <ns> <message>                          received at a time in ns
    <seconds>.<fraction>: <message>         received at a time in seconds
    wss://<host>/... <-> <time>             a connection was opened: skipped
    wss://<host>/... <- <time>: <message>   the client said something: skipped
    https://<host>/... -> <time>: <body>    a REST answer

Messages and bodies are given back byte for byte.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from .options import SimulatorError
from .protocol import HttpAnswer, HttpRequest

__all__ = ["RecordedAnswer", "RecordedMessage", "Recording", "read_recordings"]

_GZIP = b"\x1f\x8b"
_BY_NS = re.compile(rb"(\d{16,20}) (.*)", re.DOTALL)
_BY_SECONDS = re.compile(rb"(\d{9,11}(?:\.\d+)?): (.*)", re.DOTALL)
_SENT = re.compile(rb"wss?://\S+ <->? ")
_REST = re.compile(rb"(https?://\S+) -> (\d+(?:\.\d+)?): (.*)", re.DOTALL)
_NOT_IDENTITY = frozenset({"limit"})  # says how much is asked for, not what


class RecordedMessage(Struct, frozen=True, order=True):
    """One message: the time of its receipt (UTC ns) and its bytes."""

    time_ns: int
    payload: bytes


class RecordedAnswer(Struct, frozen=True):
    """The answer to a GET."""

    request: HttpRequest
    body: bytes

    def fits(self, request: HttpRequest) -> bool:
        """Whether it answers a request: same path, equal parameters where both have them (but ``limit``)."""
        mine, theirs = self.request.query, request.query
        shared = (mine.keys() & theirs.keys()) - _NOT_IDENTITY
        return self.request.path == request.path and all(mine[name] == theirs[name] for name in shared)


class Recording:
    """Messages in the order of their times, and REST answers in the order they were given."""

    def __init__(self, messages: Iterable[RecordedMessage], answers: Sequence[RecordedAnswer]) -> None:
        # A stable sort: messages of one time keep their order.
        self.messages = sorted(messages, key=lambda message: message.time_ns)
        self._answers = list(answers)
        self._given: dict[int, int] = {}

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a GET. Several answers to one request are given in turn, then the last one again."""
        fitting = [place for place, answer in enumerate(self._answers) if answer.fits(request)]
        if not fitting:
            return HttpAnswer.json(
                {"msg": f"{request.path} with {request.query} was not recorded"}, status=404
            )
        place = min(fitting, key=lambda place: (self._given.get(place, 0), place))
        if all(self._given.get(each) for each in fitting):
            place = fitting[-1]
        self._given[place] = self._given.get(place, 0) + 1
        return HttpAnswer(self._answers[place].body)


def read_recordings(paths: Sequence[Path]) -> Recording:
    """Read files as one recording, merged by time. Raises `SimulatorError` for anything else."""
    messages: list[RecordedMessage] = []
    answers: list[RecordedAnswer] = []
    for path in paths:
        for number, line in enumerate(_lines(path), start=1):
            entry = _read(line)
            if isinstance(entry, RecordedMessage):
                messages.append(entry)
            elif isinstance(entry, RecordedAnswer):
                answers.append(entry)
            elif entry is not None:
                raise SimulatorError(
                    f"{path}:{number}: expected '<ns> <message>', '<seconds>: <message>' or "
                    f"'<URL> -> <time>: <body>', got {line[:40]!r}. Remove the line or the file."
                )
    return Recording(messages, answers)


def _lines(path: Path) -> list[bytes]:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
    except EOFError:
        raise SimulatorError(f"{path}: the file is cut off. Name a whole recording with --replay.") from None
    except OSError as error:
        why = error.strerror or error
        raise SimulatorError(f"{path}: cannot be read ({why}). Name a recording with --replay.") from error
    return content.split(b"\n")


def _read(line: bytes) -> RecordedMessage | RecordedAnswer | bytes | None:
    """The parsed line; None: nothing to send; the line itself if it has no known form."""
    if not line.strip() or _SENT.match(line):
        return None
    if found := _BY_NS.fullmatch(line):
        return RecordedMessage(int(found[1]), found[2])
    if found := _BY_SECONDS.fullmatch(line):
        return RecordedMessage(_nanoseconds(found[1]), found[2])
    if found := _REST.fullmatch(line):
        return RecordedAnswer(HttpRequest.parse(found[1].decode()), found[3])
    return line


def _nanoseconds(text: bytes) -> int:
    """Seconds with a fraction as ns, exactly: a float would round them."""
    seconds, _, fraction = text.decode().partition(".")
    return int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))
