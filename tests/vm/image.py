"""The machine's image, built once: ``~/.cache/daedalus/vm/<key>``, the key of everything it is made from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["CACHE", "image"]

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daedalus" / "vm"
MADE_FROM = (
    *(HERE / "image.sh", *sorted((HERE / "image").iterdir())),
    *(Path("/etc/os-release"), Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources")),
)


def image() -> Path:
    """The folder of the image; made first where it is not there, once, whoever asks meanwhile."""
    subprocess.run([HERE / "host.sh"], check=True)
    digest = hashlib.sha256()
    for path in MADE_FROM:
        if path.is_file():
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
    folder = CACHE / digest.hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "disk.qcow2").exists():
            print(f"building the image of an arm64 Debian into {folder}, once: some minutes", flush=True)
            aside = folder.with_suffix(".new")
            shutil.rmtree(aside, ignore_errors=True)
            subprocess.run([HERE / "image.sh", aside], check=True, stdin=subprocess.DEVNULL)
            aside.rename(folder)
    return folder
