"""The project's Vagrantfile, brought up with libvirt on the image, in a folder like that of `machine.py`.

    python tests/vm/vagrant.py start FOLDER SURROUNDINGS      the surroundings' ports are on its loopback
    python tests/vm/vagrant.py destroy FOLDER SURROUNDINGS

The standard library alone. It needs of Debian: vagrant, vagrant-libvirt, libvirt-daemon-system,
libvirt-clients, dnsmasq-base, iptables, rsync, ipxe-qemu.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from image import image  # type: ignore[import-not-found]
from machine import SSH_CONFIG  # type: ignore[import-not-found]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BOX = "daedalus-vm"


def vagrant(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run it on the project's Vagrantfile; its state lies in ``folder``."""
    environment = {**os.environ, "VAGRANT_CWD": str(ROOT), "VAGRANT_DOTFILE_PATH": str(folder / "vagrant")}
    environment |= {"DAEDALUS_BOX": BOX, "DAEDALUS_MEMORY_MB": "1536", "VAGRANT_CHECKPOINT_DISABLE": "1"}
    command = ["vagrant", *arguments]
    if arguments[0] in ("up", "destroy"):
        return str(subprocess.run(command, env=environment, check=check).returncode)
    return subprocess.run(command, env=environment, check=check, stdout=subprocess.PIPE, text=True).stdout


def start(folder: Path, surroundings: Path) -> None:
    base = image()
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([HERE / "libvirt.sh", "start"], check=True)
    box = base / "vagrant.box"
    if not box.exists():
        subprocess.run([HERE / "box.sh", base, box], check=True)
    vagrant(folder, "box", "add", "--force", "--name", BOX, str(box))
    vagrant(folder, "up", "--no-provision", "--provider=libvirt")
    told = vagrant(folder, "ssh-config")
    found = re.search(r"^\s*HostName (\S+)$", told, re.MULTILINE)
    assert found, told
    (folder / "address").write_text(found[1])
    (folder / "port").write_text("22")
    (folder / "image").unlink(missing_ok=True)
    (folder / "image").symlink_to(base)
    config = SSH_CONFIG.format(address=found[1], port=22, image=base, folder=folder)
    (folder / "ssh_config").write_text(config)
    # libvirt's network reaches no loopback of this computer; what is there is brought by ssh.
    about = json.loads((surroundings / "surroundings.json").read_bytes())
    forwards = [word for port in about["ports"] for word in ("-R", f"127.0.0.1:{port}:127.0.0.1:{port}")]
    tunnel = ["ssh", "-F", folder / "ssh_config", "-o", "ControlPath=none", "-N", *forwards, "vm"]
    process = subprocess.Popen(tunnel, stdin=subprocess.DEVNULL, start_new_session=True)
    (folder / "tunnel.pid").write_text(str(process.pid))


def destroy(folder: Path, _surroundings: Path) -> None:
    if (folder / "tunnel.pid").exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((folder / "tunnel.pid").read_text()), signal.SIGTERM)
    if (folder / "vagrant").exists():
        vagrant(folder, "destroy", "--force", check=False)
    subprocess.run([HERE / "libvirt.sh", "stop"], check=True)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    {"start": start, "destroy": destroy}[sys.argv[1]](*(Path(each).resolve() for each in sys.argv[2:4]))
