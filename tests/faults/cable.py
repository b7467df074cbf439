"""A network of its own (a namespace) whose cable can be pulled: packets vanish, and nobody is told."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading

import pytest

__all__ = ["Cable"]

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class Cable:
    """Call `join` in the thread of the exchange; start the recorder `under` it."""

    def __init__(self) -> None:
        done = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip("needs the right to make a network namespace")
        self._thread = 0

    def join(self) -> None:
        """Move this thread into a new network."""
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "cannot make a network")
        self._thread = threading.get_native_id()
        self.plug()

    @property
    def under(self) -> list[str]:
        """The command that starts another one in this network."""
        return ["nsenter", f"--net=/proc/{os.getpid()}/task/{self._thread}/ns/net", "--"]

    def plug(self) -> None:
        subprocess.run([*self.under, "ip", "link", "set", "lo", "up"], check=True)

    def pull(self) -> None:
        subprocess.run([*self.under, "ip", "link", "set", "lo", "down"], check=True)
