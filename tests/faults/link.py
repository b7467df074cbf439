"""A link of its own between two networks (namespaces): packets take their time on it, and some never arrive.

What `tc netem` does in the kernel, for kernels without it: each end has a TUN device, and a thread carries
the packets from one to the other. TCP is the kernel's own, and so is what it does about a loss.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["Link", "a_link"]

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_ATTACH = 0x400454CA  # TUNSETIFF
_TUN_WITHOUT_HEAD = 0x0001 | 0x1000  # IFF_TUN | IFF_NO_PI
_LONGEST_PACKET = 65536
_EXCHANGE, _RECORDER = "10.23.0.1", "10.23.0.2"


class Link:
    """Call `join` in the thread of the exchange, whose 127.0.0.1 it is; start the recorder `under` it.

    ``delay`` and ``jitter`` are seconds for each way, ``loss`` the share of packets that vanish.
    """

    def __init__(self, *, delay: float, jitter: float, loss: float) -> None:
        self.carried = 0
        self.lost = 0
        self._delay, self._jitter, self._loss = delay, jitter, loss
        self._chance = random.Random(4)
        self._over = threading.Event()
        self._ends = (_End(_EXCHANGE), _End(_RECORDER))
        # The recorder's own 127.0.0.1 is the exchange's: its packets leave by the link.
        self._ends[1].run("ip", "route", "add", "127.0.0.1/32", "dev", "far", "src", _RECORDER)
        self._carrier = threading.Thread(target=self._carry, daemon=True)
        self._carrier.start()

    def join(self) -> None:
        """Move this thread to the exchange's end."""
        with open(self._ends[0].network) as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), _NEW_NETWORK) != 0:
                raise OSError(ctypes.get_errno(), "cannot join the network")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    @property
    def under(self) -> list[str]:
        """The command that starts another one at the recorder's end."""
        return ["nsenter", f"--net={self._ends[1].network}", "--"]

    def close(self) -> None:
        """Carry nothing any more; the devices and the networks go."""
        self._over.set()
        self._carrier.join()
        for end in self._ends:
            end.close()

    def _carry(self) -> None:
        to = {self._ends[0].device: self._ends[1].device, self._ends[1].device: self._ends[0].device}
        latest = dict.fromkeys(to, 0.0)
        under_way: list[tuple[float, int, int, bytes]] = []
        while not self._over.is_set():
            wait = under_way[0][0] - time.monotonic() if under_way else 0.1
            for device in select.select(list(to), [], [], min(max(wait, 0.0), 0.1))[0]:
                packet = os.read(device, _LONGEST_PACKET)
                self.carried += 1
                if self._chance.random() < self._loss:
                    self.lost += 1
                    continue
                delay = self._delay + self._chance.uniform(-self._jitter, self._jitter)
                latest[device] = max(latest[device], time.monotonic() + delay)  # none overtakes another
                heapq.heappush(under_way, (latest[device], self.carried, to[device], packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, device, packet = heapq.heappop(under_way)
                os.write(device, packet)


class _End:
    """A network with a TUN device, held by a thread."""

    def __init__(self, address: str) -> None:
        self.device = -1
        self.network = Path()
        self._address = address
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self.device < 0:
            pytest.skip("needs the right to make a network namespace and a TUN device")

    def run(self, *command: str) -> None:
        subprocess.run(["nsenter", f"--net={self.network}", "--", *command], check=True)

    def close(self) -> None:
        os.close(self.device)
        self._over.set()
        self._thread.join()

    def _hold(self) -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK) != 0:
                return
            self.network = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net")
            device = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(device, _ATTACH, struct.pack("16sH", b"far", _TUN_WITHOUT_HEAD))
            # 127.0.0.1 may come over this link: that is where the simulator listens.
            self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/far/route_localnet")
            self.run("ip", "address", "add", f"{self._address}/30", "dev", "far")
            self.run("ip", "link", "set", "far", "up")
            self.device = device
        except (OSError, subprocess.CalledProcessError):
            return
        finally:
            self._ready.set()
        self._over.wait()


@contextmanager
def a_link(*, delay: float, jitter: float = 0.0, loss: float = 0.0) -> Iterator[Link]:
    """A link until the block ends. Skips the test where networks or TUN devices may not be made."""
    link = Link(delay=delay, jitter=jitter, loss=loss)
    try:
        yield link
    finally:
        link.close()
