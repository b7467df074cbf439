"""Tells a person, and tells a dead man's switch that there is still somebody to tell.

Invariant: no URL appears in the log or in an error, as each holds its service's key; they are named by
their place in the configuration.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

import msgspec

from ..shown import shown, shown_lines
from .send import Delivery, Order

__all__ = ["Alerts", "ping"]

log = logging.getLogger("daedalus.watchdog.alerts")

SEND_SECONDS = 90.0
PING_SECONDS = 10.0


class Alerts:
    """The services that alerts go to. Without any, the log is where they are."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)
        self.sent = 0
        self.failed = 0
        self.taken = 0
        """How many services took the last one."""

    def __bool__(self) -> bool:
        return bool(self._urls)

    def send(self, title: str, body: str, *, critical: bool = False) -> bool:
        """Send to every service; whether at least one took it. True where there is none."""
        if not self._urls:
            return True
        outcomes = _deliver(Order(self._urls, shown(title), shown_lines(body), critical))
        for position, outcome in enumerate(outcomes):
            if outcome == "unknown":
                log.error("alerts.urls[%d] is no URL that apprise knows; see docs/configuration.md", position)
            elif outcome != "sent":
                log.error(
                    "alerts.urls[%d] did not take an alert: is its key right, its service up?", position
                )
        self.taken = outcomes.count("sent")
        if not self.taken:
            self.failed += 1
            return False
        self.sent += 1
        return True


def _deliver(order: Order) -> tuple[str, ...]:
    nothing = tuple("failed" for _ in order.urls)
    command = [sys.executable, "-m", f"{__package__}.send"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=msgspec.json.encode(order), capture_output=True, timeout=SEND_SECONDS, check=True
        )
        return msgspec.json.decode(done.stdout, type=Delivery).outcomes
    except subprocess.TimeoutExpired:
        log.error("sending an alert took longer than %.0f s", SEND_SECONDS)
    except (OSError, subprocess.CalledProcessError, msgspec.DecodeError) as error:
        log.error("an alert could not be sent: %s", type(error).__name__)
    return nothing


def ping(url: str) -> bool:
    """Tell the dead man's switch that all is well with the watchdog itself."""
    request = urllib.request.Request(url, headers={"User-Agent": "daedalus"})  # noqa: S310 - the model allows http(s) alone
    try:
        with urllib.request.urlopen(request, timeout=PING_SECONDS):  # noqa: S310
            return True
    except (OSError, ValueError) as error:
        reason = error.code if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        log.warning("alerts.dead_mans_ping could not be reached: %s", reason)
        return False
