"""Single alerts without a look: a test, and the report of systemd that a unit has failed.

A unit that fails is restarted and may fail again, so it is told at most once an hour. A small file per unit,
apart from the state of the watchdog, says when it was last told.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import re
import time
from pathlib import Path

from ..config import Config
from ..store.files import write_atomic
from .alerts import Alerts
from .spare import spare_directories, spare_directory

__all__ = ["report_failure", "send_test"]

log = logging.getLogger("daedalus.watchdog.report")

AGAIN_SECONDS = 3_600.0


def send_test(config: Config) -> bool:
    """Send a test to every URL; whether all of them took it."""
    alerts = Alerts.of(config)
    if not alerts:
        log.error("alerts.urls is empty: there is nobody to tell. See docs/configuration.md")
        return False
    alerts.send(f"daedalus on {platform.node()}: a test", "Alerts arrive here.")
    log.info("%d of %d services took the alert", alerts.taken, len(config.alerts.urls))
    return alerts.taken == len(config.alerts.urls)


def report_failure(config: Config, unit: str) -> bool:
    """Tell that a unit has failed, at most once an hour; whether a person knows of it."""
    name = f".{re.sub(r'[^A-Za-z0-9@._-]', '_', unit)}.reported"
    places = (config.data_dir / "status", *spare_directories(config.data_dir))
    if any(0 <= _age(place / name) < AGAIN_SECONDS for place in places):
        return True
    text = f"{unit} has failed. See why: journalctl -u {unit} -e; then: daedalus doctor"
    log.error("%s", text)
    told = Alerts.of(config).send(f"daedalus on {platform.node()}: trouble", text, critical=True)
    if told:
        _mark(config.data_dir, name)
    return told


def _age(marker: Path) -> float:
    try:
        return time.time() - marker.stat().st_mtime
    except OSError:
        return AGAIN_SECONDS


def _mark(data_dir: Path, name: str) -> None:
    try:
        write_atomic(data_dir / "status" / name, b"", durable=False)
    except OSError:
        if (spare := spare_directory(data_dir)) is not None:
            with contextlib.suppress(OSError):
                write_atomic(spare / name, b"", durable=False)
