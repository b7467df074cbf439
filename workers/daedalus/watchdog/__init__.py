"""Looks on once a minute and acts where the workers and systemd do not help themselves.

`observe` reads, `decide` judges (a pure function of what is seen and what is remembered), `act` and
`alerts` do it. It never touches a worker's memory or files: only its process.
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
