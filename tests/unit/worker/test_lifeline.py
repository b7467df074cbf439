"""A child ends with its parent, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import wait_until

PARENT = """
import subprocess, sys, time
from daedalus.worker.lifeline import child_environment, pipe_of_children
subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=pipe_of_children(), env=child_environment(),
                 start_new_session=True)
time.sleep(600)
"""
CHILD = """
import os, pathlib, signal, sys, time
import daedalus.worker.lifeline as lifeline
lifeline.KILL_SECONDS = 1.0
lifeline.follow_parent()
assert lifeline.MARK not in os.environ
{before}
pathlib.Path({pid!r}).write_text(str(os.getpid()))
time.sleep(600)
"""


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize(
    "before", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"], ids=["stops", "hangs"]
)
def test_a_child_ends_with_its_parent(tmp_path: Path, how: signal.Signals, before: str) -> None:
    file = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD.format(pid=str(file), before=before)])
    wait_until(lambda: file.exists() and file.read_text() != "", 60, "the child's pid")
    pid = int(file.read_text())
    assert lives(pid)
    parent.send_signal(how)
    parent.wait(30)
    try:
        wait_until(lambda: not lives(pid), 30, "the end of the child")
    finally:
        if lives(pid):
            os.kill(pid, signal.SIGKILL)


def test_who_was_started_by_hand_follows_nobody() -> None:
    code = (
        "import threading; from daedalus.worker.lifeline import follow_parent; follow_parent(); "
        "assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, check=True, timeout=60)
