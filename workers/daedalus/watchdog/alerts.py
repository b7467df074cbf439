"""Sends alerts to a person, and pings a dead man's switch to show that alerts still work.

Invariant: no URL appears in the log or in an error, because it holds the key of its service. A URL is named
by its place in the configuration.
"""

from __future__ import annotations

import http.client
import logging
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence

import msgspec

from ..config import Config
from ..shown import shown, shown_lines
from .send import Delivery, Order, Outcome

__all__ = ["Alerts", "ping"]

log = logging.getLogger("daedalus.watchdog.alerts")

ANSWER_SECONDS = 30.0
"""How long each service may take; all are told at the same time."""
SEND_SECONDS = 90.0
"""How long all of it may take: a Pi loads its libraries from a slow card."""
PING_SECONDS = 20.0

_FAILURES: dict[Outcome, str] = {
    "unknown": "alerts.urls[{0}] is not a URL that apprise knows; see docs/configuration.md",
    "failed": "alerts.urls[{0}] did not take an alert: is its key right, its service up?",
    "late": "alerts.urls[{0}] did not answer within {1:.0f} s; the others are told all the same",
}


class Alerts:
    """The services that alerts go to. Without any, alerts are only logged."""

    def __init__(self, urls: Sequence[str], seconds: float = ANSWER_SECONDS) -> None:
        self._urls = tuple(urls)
        self._seconds = seconds
        self.sent = 0
        self.failed = 0
        self.taken = 0
        """How many services took the last alert."""

    @classmethod
    def of(cls, config: Config) -> Alerts:
        """The services that a configuration names."""
        return cls([url.get_secret_value() for url in config.alerts.urls])

    def __bool__(self) -> bool:
        return bool(self._urls)

    def send(self, title: str, body: str, *, critical: bool = False) -> bool:
        """Send to every service; whether at least one took it. True if there is none."""
        if not self._urls:
            return True
        outcomes = _deliver(Order(self._urls, shown(title), shown_lines(body), critical, self._seconds))
        for position, outcome in enumerate(outcomes):
            if outcome in _FAILURES:
                log.error("%s", _FAILURES[outcome].format(position, self._seconds))
        self.taken = outcomes.count("sent")
        if not self.taken:
            self.failed += 1
            return False
        self.sent += 1
        return True


def _deliver(order: Order) -> tuple[Outcome, ...]:
    unsent: tuple[Outcome, ...] = tuple("unsent" for _ in order.urls)
    command = [sys.executable, "-P", "-m", f"{__package__}.send"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=msgspec.json.encode(order), capture_output=True, timeout=SEND_SECONDS, check=True
        )
        return msgspec.json.decode(done.stdout, type=Delivery).outcomes
    except subprocess.TimeoutExpired:
        log.error("sending an alert took longer than %.0f s", SEND_SECONDS)
    except (OSError, subprocess.CalledProcessError, msgspec.DecodeError) as error:
        log.error("an alert could not be sent: %s", type(error).__name__)
    return unsent


def ping(url: str, seconds: float = PING_SECONDS) -> bool:
    """Tell the dead man's switch that the watchdog works; whether it answered.

    In a thread of its own, because neither looking up a name nor an answer that drips has a deadline.
    """
    answers: list[str] = []
    asking = threading.Thread(target=_fetch, args=(url, seconds, answers), name="ping", daemon=True)
    asking.start()
    asking.join(seconds)
    reason = answers[0] if answers else f"no answer within {seconds:.0f} s"
    if reason:
        log.warning("alerts.dead_mans_ping could not be reached: %s", reason)
    return not reason


def _fetch(url: str, seconds: float, answers: list[str]) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "daedalus"})  # noqa: S310 - the model allows http(s) alone
    try:
        with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310
            answers.append("")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.code if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        answers.append(str(reason))
