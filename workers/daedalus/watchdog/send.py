"""Sends one notification: ``python -m daedalus.watchdog.send``, a process of its own for a few seconds.

apprise and what it loads take 40 MB, which the watchdog need not hold for years. A service that hangs must
hang neither the watchdog nor the other services: each URL has a thread of its own, and one that has not
answered by the deadline is left behind. The order comes on stdin, because URLs hold secrets and everyone can
see command lines. The answer on stdout says which URLs took it. Nothing else is printed: apprise's own
messages may hold parts of a URL.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from types import ModuleType
from typing import Literal

import msgspec
from msgspec import Struct

__all__ = ["Delivery", "Order", "Outcome", "main"]

Outcome = Literal["sent", "failed", "late", "unknown", "unsent"]
"""What became of an alert at one URL.

``failed``: the service did not take it. ``late``: it had not answered by the deadline. ``unknown``: apprise
knows no such service. ``unsent``: nothing was tried, or nobody knows what came of it.
"""


class Order(Struct, frozen=True):
    """What to send, and to where."""

    urls: tuple[str, ...]
    title: str
    body: str
    critical: bool
    seconds: float = 30.0
    """How long each URL may take; all are sent to at the same time."""


class Delivery(Struct, frozen=True):
    """What became of the alert at each URL."""

    outcomes: tuple[Outcome, ...]


def main() -> None:
    """Carry out the order on stdin."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    logging.disable(logging.CRITICAL)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        import apprise  # once, before the threads

        outcomes: list[Outcome] = ["late"] * len(order.urls)
        until = time.monotonic() + order.seconds
        threads = [
            threading.Thread(target=_deliver, args=(apprise, outcomes, position, order), daemon=True)
            for position in range(len(order.urls))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
    sys.stdout.buffer.write(msgspec.json.encode(Delivery(tuple(outcomes))))
    sys.stdout.flush()
    os._exit(0)  # a service that hangs is not waited for


def _deliver(apprise: ModuleType, outcomes: list[Outcome], position: int, order: Order) -> None:
    outcomes[position] = _send(apprise, order.urls[position], order)


def _send(apprise: ModuleType, url: str, order: Order) -> Outcome:
    service = apprise.Apprise()
    if not service.add(url):
        return "unknown"
    kind = apprise.NotifyType.FAILURE if order.critical else apprise.NotifyType.INFO
    try:
        return "sent" if service.notify(body=order.body, title=order.title, notify_type=kind) else "failed"
    except Exception:  # a plugin's fault, whose text may hold the URL
        return "failed"


if __name__ == "__main__":
    main()
