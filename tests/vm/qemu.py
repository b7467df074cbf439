"""QEMU's command line for the machine, and its monitor."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

__all__ = ["MACHINE", "Qemu", "machine_key"]

PROGRAM = "qemu-system-aarch64"
# Emulated on every host: KVM is not there on most machines that test, and what passes must not depend on it.
MACHINE = (
    *("-M", "virt,gic-version=2", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "cortex-a72"),
    *("-smp", "2", "-m", "1536", "-display", "none", "-device", "virtio-rng-pci"),
)
APPEND = "root=/dev/vda rw console=ttyAMA0 quiet mitigations=off"


def machine_key() -> str:
    """Names what a RAM snapshot fits: the same QEMU with the same machine."""
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return hashlib.sha256("\0".join((version, *MACHINE, APPEND)).encode()).hexdigest()[:12]


class Qemu:
    """One process of QEMU; what it needs lies in ``folder``. Its life does not end with ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._monitor = folder / "monitor"
        self._pidfile = folder / "pid"

    @property
    def pid(self) -> int | None:
        """The process, where it lives."""
        try:
            pid = int(self._pidfile.read_text())
            alive = PROGRAM.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if alive else None

    def start(self, image: Path, disk: Path, port: int, *, cache: str, incoming: Path | None = None) -> None:
        """Start on ``disk``, with ssh at 127.0.0.1:``port``; from the RAM in ``incoming``, or by booting."""
        self._pidfile.unlink(missing_ok=True)
        command = [
            *(PROGRAM, *MACHINE),
            *("-serial", f"file:{self.folder / 'console.log'}"),
            *(
                "-monitor",
                f"unix:{self._monitor},server=on,wait=off",
                "-daemonize",
                "-pidfile",
                self._pidfile,
            ),
            *("-kernel", image / "vmlinuz", "-initrd", image / "initrd.img", "-append", APPEND),
            *("-drive", f"if=virtio,file={disk},cache={cache},aio=threads"),
            *("-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:22"),
            *("-device", "virtio-net-pci,netdev=n,romfile="),
        ]
        if incoming is not None:
            command += ["-incoming", f"exec:zstd -dc '{incoming}'"]
        subprocess.run(command, check=True)

    def ask(self, command: str, seconds: float = 60) -> str:
        """Give the monitor a command, and return what it says until its next prompt."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(self._monitor))
            _until_prompt(connection)
            connection.sendall(command.encode() + b"\n")
            return _until_prompt(connection)

    def wait_for(self, command: str, word: str, seconds: float = 120) -> None:
        """Ask until the answer holds the word."""
        ends_at = time.monotonic() + seconds
        while word not in (answer := self.ask(command)):
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{command} does not say {word!r} but: {answer}")
            time.sleep(0.2)

    def kill(self) -> None:
        """End it at once, as a power cut does, and return when it is gone."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        while self.pid is not None:
            time.sleep(0.05)


def _until_prompt(connection: socket.socket) -> str:
    said = b""
    while not said.endswith(b"(qemu) "):
        more = connection.recv(65536)
        if not more:
            break
        said += more
    return said.decode(errors="replace")
