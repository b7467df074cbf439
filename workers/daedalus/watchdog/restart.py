"""Restarts a worker: a unit through systemd, any other by ending its process, which `daedalus run` starts
again. The worker gets time to seal what it holds; if it does not stop in time it is killed.
"""

from __future__ import annotations

import subprocess
import time

import psutil

from ..worker.signals import STOP_SECONDS
from .decide import Restart

__all__ = ["restart"]

PATIENCE_SECONDS = STOP_SECONDS + 5.0
"""A worker that has not stopped by then hangs."""
SYSTEMCTL_SECONDS = 30.0


def restart(wanted: Restart, patience_seconds: float = PATIENCE_SECONDS) -> str:
    """Restart the worker; "" if it was done, else one line on why not."""
    if wanted.unit and _through_systemd(wanted.unit):
        return ""
    # Without the right to command systemd, end the process: Restart=always starts it again.
    return _end(wanted.pid, patience_seconds)


def _through_systemd(unit: str) -> bool:
    command = ["systemctl", "--no-block", "--no-ask-password", "restart", unit]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SYSTEMCTL_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _end(pid: int, patience_seconds: float) -> str:
    try:
        process = psutil.Process(pid)  # knows its start time too: the pid may soon be another one's
        process.terminate()
        if not _gone(process, patience_seconds):
            process.kill()
            if not _gone(process, patience_seconds):
                return f"process {pid} cannot be killed: it waits in the kernel, most likely for the disk"
    except psutil.NoSuchProcess:
        return ""
    except psutil.AccessDenied:
        return f"no right to end process {pid}. Run the watchdog as the workers' user, or as root"
    return ""


def _gone(process: psutil.Process, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        # A zombie has ended; its parent has not noticed yet.
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False
