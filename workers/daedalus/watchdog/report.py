"""Single alerts, without a look: a test, and what systemd reports of a unit that has failed.

A unit that fails and is started again fails again: the same unit is told once an hour, whoever asks
how often. What was told lies in one small file per unit, apart from the watchdog's own memory.
"""

from __future__ import annotations

import logging
import platform
import re
import time

from ..config import Config
from ..store.files import write_atomic
from .alerts import Alerts

__all__ = ["report_failure", "send_test"]

log = logging.getLogger("daedalus.watchdog.report")

AGAIN_SECONDS = 3_600.0


def send_test(config: Config) -> bool:
    """Send a test to every URL; whether every one of them took it."""
    alerts = _alerts(config)
    if not alerts:
        log.error("alerts.urls is empty: there is nobody to tell. See docs/configuration.md")
        return False
    alerts.send(f"daedalus on {platform.node()}: a test", "Alerts arrive here.")
    log.info("%d of %d services took the alert", alerts.taken, len(config.alerts.urls))
    return alerts.taken == len(config.alerts.urls)


def report_failure(config: Config, unit: str) -> bool:
    """Tell that a unit has failed, unless that was told within the last hour; whether it is told."""
    marker = config.data_dir / "status" / f".{re.sub(r'[^A-Za-z0-9@._-]', '_', unit)}.reported"
    try:
        age = time.time() - marker.stat().st_mtime
    except OSError:
        age = AGAIN_SECONDS
    if 0 <= age < AGAIN_SECONDS:  # a clock that was set back must not silence it
        return True
    text = f"{unit} has failed. See why: journalctl -u {unit} -e; then: daedalus doctor"
    log.error("%s", text)
    told = _alerts(config).send(f"daedalus on {platform.node()}: trouble", text, critical=True)
    if told:
        write_atomic(marker, b"", durable=False)
    return told


def _alerts(config: Config) -> Alerts:
    return Alerts([url.get_secret_value() for url in config.alerts.urls])
