"""Worker processes as children: started, restarted when they die, stopped on request."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ..errors import LOCKED, USAGE
from ..store.regular_files import open_descriptor, open_regular
from ..worker.lifeline import child_environment, pipe_of_children

__all__ = ["Child", "command"]

log = logging.getLogger("daedalus.run")

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0
REFUSED = (USAGE, LOCKED)
"""Exit codes after which a restart does not help: wrong configuration, and another instance running."""

LOOKED_BACK_BYTES = 65_536
_LOGGED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ ")
_TROUBLE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (?:WARNING|ERROR|CRITICAL) (?P<text>.+)")


def command(*arguments: str) -> list[str]:
    """The command line of a sub-command of this installation.

    -P keeps a file in the current directory with the name of a module from being imported instead of it.
    """
    return [sys.executable, "-P", "-m", "daedalus", *arguments]


class Child:
    """One worker process. Its output goes to a log file."""

    def __init__(self, name: str, arguments: Sequence[str], log_directory: Path) -> None:
        self.name = name
        self.log_path = log_directory / f"{name}.log"
        self.restarts = 0
        self.refused: int | None = None
        self._arguments = list(arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._started = 0.0
        self._log_begins = _size(self.log_path)
        self._pause = FIRST_PAUSE_SECONDS
        self._start_at: float | None = None
        self._asked_to_stop = False

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process in its own session, so that Ctrl-C does not reach it directly."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._output = self._output or _append_to(self.log_path)
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            command(*self._arguments),
            stdin=pipe_of_children(),
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
            env=child_environment(),
        )
        self._started = time.monotonic()

    def look_after(self, now: float) -> None:
        """Restart the process if it died, after a pause that grows while it keeps dying."""
        if self._process is None or self.refused is not None or (code := self._process.poll()) is None:
            return
        if code in REFUSED:
            self.refused = code
            log.error("%s refuses to run (exit code %d), see %s", self.name, code, self.log_path)
        elif self._start_at is None:
            if now - self._started > SETTLED_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            log.warning("%s ended with exit code %d; restarting it in %.0f s", self.name, code, self._pause)
            self._start_at = now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        elif now >= self._start_at:
            self._start_at = None
            self.restarts += 1
            self.start()

    def trouble(self) -> str:
        """The last warning or error in its log since this run began; "" if there is none."""
        try:
            with open_regular(self.log_path, follow=True) as log:
                log.seek(max(self._log_begins, _size(self.log_path) - LOOKED_BACK_BYTES))
                lines = log.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        told = [found["text"] for line in lines if (found := _TROUBLE.match(line))]
        # An error before logging is set up is a plain line.
        plain = [line for line in lines if line.strip() and not _LOGGED.match(line)]
        last = told[-1:] or plain[-1:]
        return "".join(c if c.isprintable() else "?" for c in last[0].strip()) if last else ""

    def kill(self) -> None:
        """Kill it. What it has flushed is kept."""
        if self._process is not None and self.alive:
            self._process.kill()

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self._process is not None and self.alive:
            self._asked_to_stop = True
            self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout_seconds: float | None) -> int | None:
        """The exit code; None for a process that did not end in time and was killed.

        0 too if the signal of `ask_to_stop` itself ended it: it held nothing yet, or nothing any more.
        """
        if self._process is None:
            return 0
        try:
            code = self._process.wait(timeout_seconds)
            return 0 if self._asked_to_stop and code == -signal.SIGTERM else code
        except subprocess.TimeoutExpired:
            log.error(
                "%s did not stop within %.0f s and was killed; what it had flushed is kept",
                self.name,
                timeout_seconds,
            )
            self._process.kill()
            self._process.wait()
            return None
        finally:
            if self._output is not None:
                self._output.close()
                self._output = None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _append_to(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return open(open_descriptor(path, flags, 0o666, follow=True), "ab")
