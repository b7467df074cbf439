"""An arm64 Debian with systemd in a folder of its own, started in seconds and thrown away.

    python tests/vm/machine.py start FOLDER       a fresh one; FOLDER/ssh_config says how to reach it
    python tests/vm/machine.py destroy FOLDER
    ssh -F FOLDER/ssh_config vm

The standard library alone. The first start builds the image (`image.py`) and boots it once; its RAM and disk
at that moment are kept, and each start goes on from there on an overlay of its own.
"""

from __future__ import annotations

import fcntl
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

if __package__:
    from .image import CACHE, image
    from .qemu import Qemu, machine_key
else:
    from image import CACHE, image  # type: ignore[import-not-found, no-redef]
    from qemu import Qemu, machine_key  # type: ignore[import-not-found, no-redef]

__all__ = ["Machine"]

BOOT_SECONDS = 600.0
"""Forty seconds on a quiet machine with two processors."""
SSH_CONFIG = """\
Host vm
    HostName {address}
    Port {port}
    User vagrant
    IdentityFile {image}/key
    IdentitiesOnly yes
    UserKnownHostsFile {image}/known_hosts
    HostKeyAlias daedalus-vm
    StrictHostKeyChecking yes
    ConnectTimeout 20
    ServerAliveInterval 15
    ServerAliveCountMax 20
    LogLevel ERROR
    ControlMaster auto
    ControlPersist 300
    ControlPath {folder}/ssh
"""


class Machine:
    """One machine. ``cache``: how QEMU treats the host's disk; ``unsafe`` is fast, and not for power cuts."""

    def __init__(self, folder: Path, *, cache: str = "unsafe") -> None:
        self.folder = folder.resolve()
        self.qemu = Qemu(self.folder)
        self._cache = cache
        self._disk = self.folder / "disk.qcow2"

    def start(self) -> None:
        """A fresh machine that answers ssh, with the right time."""
        base = image()
        snapshot = _snapshot(base)
        self.destroy()
        self.folder.mkdir(parents=True)
        try:
            self._run(base, snapshot / "disk.qcow2", snapshot / "ram.zst")
        except (TimeoutError, OSError) as error:  # a snapshot of a QEMU that is not quite the same
            print(f"going on from the snapshot failed ({error}): booting", flush=True)
            self.destroy()
            self.folder.mkdir(parents=True)
            self._run(base, base / "disk.qcow2", None)

    def cut(self) -> None:
        """Take its power away."""
        self._close_ssh()
        self.qemu.kill()

    def boot(self) -> None:
        """Give it its power back, on the disk that it had."""
        port = int((self.folder / "port").read_text())
        self.qemu.start(image(), self._disk, port, cache=self._cache)
        self.wait()

    def wait(self, seconds: float = BOOT_SECONDS) -> None:
        """Until it answers ssh."""
        ends_at = time.monotonic() + seconds
        while True:
            if self.qemu.pid is None or "Kernel panic" in self.console():
                raise OSError(f"the machine has ended:\n{self.console()}")
            if self.ssh("true", check=False, seconds=60).returncode == 0:
                return
            if time.monotonic() > ends_at:
                raise TimeoutError(f"no ssh within {seconds:.0f} s:\n{self.console()}")
            time.sleep(1)

    def ssh(
        self, command: str, *, check: bool = True, seconds: float = 300, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of its shell as root."""
        arguments = ["ssh", "-F", str(self.folder / "ssh_config"), "vm", "sudo", "sh", "-c", _quoted(command)]
        try:
            done = subprocess.run(
                arguments, input=given or "", capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(arguments, 255, "", f"no answer within {seconds:.0f} s")
        if check and done.returncode:
            raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def console(self) -> str:
        """The last of what it printed."""
        try:
            return (self.folder / "console.log").read_text(errors="replace")[-4000:]
        except OSError:
            return ""

    def destroy(self) -> None:
        """End it, and remove its folder."""
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, base: Path, backing: Path, ram: Path | None) -> None:
        make = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(backing), str(self._disk)]
        subprocess.run(make, check=True)
        port = _free_port()
        (self.folder / "address").write_text("127.0.0.1")
        (self.folder / "port").write_text(str(port))
        (self.folder / "image").unlink(missing_ok=True)
        (self.folder / "image").symlink_to(base)
        (self.folder / "ssh_config").write_text(
            SSH_CONFIG.format(address="127.0.0.1", port=port, image=base, folder=self.folder)
        )
        self.qemu.start(base, self._disk, port, cache=self._cache, incoming=ram)
        if ram is not None:
            self.qemu.wait_for("info status", "running")
        self.wait(120 if ram is not None else BOOT_SECONDS)
        if ram is not None:
            self.ssh(f"date -s @{time.time():.3f}")

    def _close_ssh(self) -> None:
        if (self.folder / "ssh").exists():
            command = ["ssh", "-F", str(self.folder / "ssh_config"), "-O", "exit", "vm"]
            subprocess.run(command, capture_output=True, check=False)


def _snapshot(base: Path) -> Path:
    """The folder with RAM and disk of the machine just after its boot; made once."""
    folder = base / f"booted-{machine_key()}"
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder
        print("booting the machine once, to go on from there", flush=True)
        aside = Machine(folder.with_suffix(".new"))
        aside.destroy()
        aside.folder.mkdir()
        try:
            aside._run(base, base / "disk.qcow2", None)
            # 1: degraded; nothing of ours is there yet, and what matters is that it has come to rest.
            aside.ssh(
                "systemctl is-system-running --wait; sync; echo 3 >/proc/sys/vm/drop_caches", check=False
            )
            aside._close_ssh()
            time.sleep(2)
            # Not stopped before: it goes on as it was.
            aside.qemu.ask(f'migrate "exec:zstd -q -1 > {aside.folder}/ram.zst"', 300)
            aside.qemu.wait_for("info migrate", "completed", 300)
            aside.qemu.ask("quit")
            while aside.qemu.pid is not None:
                time.sleep(0.1)
        except BaseException:
            aside.destroy()
            raise
        aside.folder.rename(folder)
    return folder


def _free_port() -> int:
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return int(each.getsockname()[1])


def _quoted(command: str) -> str:
    """ssh gives its arguments to a shell as one line."""
    return "'" + command.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    word, where = sys.argv[1], Machine(Path(sys.argv[2]))
    {"start": where.start, "destroy": where.destroy, "boot": where.boot, "cut": where.cut}[word]()
