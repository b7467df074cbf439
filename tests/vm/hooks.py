"""Makes real workers misbehave: a module that Python imports at their start, by a drop-in of systemd."""

from __future__ import annotations

from vm.appliance import Appliance

__all__ = ["LEAK", "crash_after", "hook", "unhook"]

FOLDER = "/run/daedalus-hook"
LEAK = f"""\
import os, threading, time
def leak():
    held = []
    while True:
        try:
            wanted = int(open("{FOLDER}/" + str(os.getpid())).read())
        except (OSError, ValueError):
            wanted = 0
        while len(held) < wanted:
            held.append(os.urandom(1 << 20))
        time.sleep(1)
threading.Thread(target=leak, daemon=True).start()
"""
"""Holds as many MiB as the file with the process's number says."""


def crash_after(seconds: float) -> str:
    """Ends the process without a word, so many seconds after its start."""
    return f"""\
import os, sys, threading
if sys.argv[-1] != "--version":
    timer = threading.Timer({seconds}, os._exit, (70,))
    timer.daemon = True
    timer.start()
"""


def hook(appliance: Appliance, unit: str, code: str, *settings: str) -> None:
    """From its next start on the unit runs this code too, with these settings of systemd."""
    lines = "\n".join(("[Service]", f"Environment=PYTHONPATH={FOLDER}", *settings))
    appliance.sh(f"mkdir -p {FOLDER} /run/systemd/system/{unit}.d")
    appliance.sh(f"cat >{FOLDER}/sitecustomize.py", given=code)
    appliance.sh(
        f"cat >/run/systemd/system/{unit}.d/hook.conf && systemctl daemon-reload", given=lines + "\n"
    )
    appliance.sh(f"systemctl restart {unit}")


def unhook(appliance: Appliance, unit: str) -> None:
    """The unit is itself again."""
    appliance.sh(f"rm -rf /run/systemd/system/{unit}.d {FOLDER} && systemctl daemon-reload")
    appliance.sh(f"systemctl restart {unit}")
