"""Looks once a minute, and acts where neither the workers nor systemd can.

`observe` reads, `decide` decides (a pure function of observation and state), `restart` and `alerts` act. A
worker's memory and files are never touched, only its process.
"""

from .report import report_failure, send_test
from .show import render_look, show_state
from .worker import Options, run_watchdog, watch_once

__all__ = [
    "Options",
    "render_look",
    "report_failure",
    "run_watchdog",
    "send_test",
    "show_state",
    "watch_once",
]
