"""Restarts a worker: through systemd where it is a unit, else by ending its process, which `daedalus run`
starts again. Either way it gets the time to seal what it holds; one that does not take it is killed.
"""

from __future__ import annotations

import subprocess
import time

import psutil

from .decide import Restart

__all__ = ["restart"]

PATIENCE_SECONDS = 15.0
"""A worker stops within ten seconds; a frozen one never."""
SYSTEMCTL_SECONDS = 30.0


def restart(wanted: Restart, patience_seconds: float = PATIENCE_SECONDS) -> str:
    """Do it; "" where it was done, else why not, in one line."""
    if wanted.unit and _through_systemd(wanted.unit):
        return ""
    # Without the right to command systemd: its Restart=always starts again whatever ends.
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
        process = psutil.Process(pid)  # by its start time too: the number may belong to another one soon
        process.terminate()
        if not _gone(process, patience_seconds):
            process.kill()
            if not _gone(process, patience_seconds):
                return f"process {pid} cannot be killed: it waits for the kernel, most likely for the disk"
    except psutil.NoSuchProcess:
        return ""
    except psutil.AccessDenied:
        return f"no right to end process {pid}. Run the watchdog as the workers' user, or as root"
    return ""


def _gone(process: psutil.Process, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        # A zombie has ended; its parent, not we, has yet to take notice.
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False
