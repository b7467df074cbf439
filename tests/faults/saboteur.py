"""Runs `daedalus …` with an operating system that misbehaves at chosen moments.

    python saboteur.py '[{"call": "replace", "path": "*.parquet", "do": "kill"}]' ingest binance --config …

It puts itself before the calls of `os` (and before the clock) and then runs the product as it is, so that the
product needs no switch for tests. A rule:

    call      open, pwrite, write, fsync, fdatasync, replace, unlink, mkdir, rmdir
    path      a pattern for the file that the call is about (of a rename: for its new name)
    number    from which matching call on, counted from 1; times: how often (0: always)
    moment    before or after the call, or half: the first half of the bytes is written
    do        kill, sleep:<seconds>, or the name of an error, such as EIO

or {"clock": FILE}: the clock is off by as many seconds as the file says, which is read again and again, or
{"pace": FACTOR, "from": UNIX_SECONDS}: it runs so many times as fast, or {"leak": FILE, "size": BYTES}: once
the file is there, every second so many bytes more are held and never given back.
"""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.05
_lock = threading.Lock()


class Rule:
    """One thing that goes wrong."""

    def __init__(self, call: str, do: str, **about: Any) -> None:
        self.call = call
        self._do = do
        self._path: str = about.get("path", "*")
        self._number: int = about.get("number", 1)
        self._times: int = about.get("times", 1)
        self.moment: str = about.get("moment", "before")
        self._seen = 0

    def is_due(self, path: str) -> bool:
        if not fnmatch.fnmatch(path, self._path):
            return False
        with _lock:
            self._seen += 1
            past = self._seen - self._number
        return past >= 0 and (self._times == 0 or past < self._times)

    def happen(self, path: str) -> None:
        what, _, seconds = self._do.partition(":")
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "sleep":
            time.sleep(float(seconds))
        else:
            number = getattr(errno, what)
            raise OSError(number, os.strerror(number), path)


def _path_of(call: str, arguments: tuple[Any, ...]) -> str:
    about = arguments[1] if call == "replace" else arguments[0]
    if isinstance(about, int):
        try:
            return str(Path(f"/proc/self/fd/{about}").readlink())
        except OSError:
            return ""
    return os.fspath(about)


def _half(call: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    descriptor, data, *rest = arguments
    assert call in ("write", "pwrite")
    return (descriptor, bytes(data)[: len(data) // 2], *rest)


def _sabotage(call: str, rules: list[Rule]) -> None:
    real: Callable[..., Any] = getattr(os, call)

    def instead(*arguments: Any, **options: Any) -> Any:
        path = _path_of(call, arguments)
        due = [rule for rule in rules if rule.is_due(path)]
        for rule in due:
            if rule.moment == "half":
                real(*_half(call, arguments), **options)
            if rule.moment != "after":
                rule.happen(path)
        answer = real(*arguments, **options)
        for rule in due:
            if rule.moment == "after":
                rule.happen(path)
        return answer

    setattr(os, call, instead)


def _set_clock(file: Path) -> None:
    real_ns, real = time.time_ns, time.time
    offset = [0.0]

    def look() -> None:
        while True:
            text = file.read_text() if file.exists() else ""
            offset[0] = float(text or offset[0])
            time.sleep(_LOOK_SECONDS)

    threading.Thread(target=look, daemon=True).start()
    time.time_ns = lambda: real_ns() + round(offset[0] * 1e9)
    time.time = lambda: real() + offset[0]


def _set_pace(factor: float, begin: float) -> None:
    real_ns = time.time_ns
    begin_ns = round(begin * 1e9)
    time.time_ns = lambda: begin_ns + round((real_ns() - begin_ns) * factor)
    time.time = lambda: time.time_ns() / 1e9


def _leak(file: Path, bytes_per_second: int) -> None:
    def hold() -> None:
        held = []
        while True:
            time.sleep(_LOOK_SECONDS)
            if file.exists():
                held.append(b"\1" * round(bytes_per_second * _LOOK_SECONDS))  # zeros might cost nothing

    threading.Thread(target=hold, daemon=True).start()


def main() -> None:
    specifications, *arguments = sys.argv[1:]
    rules: list[Rule] = []
    for each in json.loads(specifications):
        if "clock" in each:
            _set_clock(Path(each["clock"]))
        elif "pace" in each:
            _set_pace(each["pace"], each["from"])
        elif "leak" in each:
            _leak(Path(each["leak"]), each["size"])
        else:
            rules.append(Rule(**each))
    for call in {rule.call for rule in rules}:
        _sabotage(call, [rule for rule in rules if rule.call == call])
    from daedalus.cli import main as daedalus  # only now: some modules keep the functions they were given

    sys.argv = ["daedalus", *arguments]
    daedalus()


if __name__ == "__main__":
    main()
