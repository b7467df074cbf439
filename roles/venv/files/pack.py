"""Packs the Python project for a host, and names the version by its content.

    pack.py PROJECT BUILD_SCRIPT DIRECTORY

Leaves DIRECTORY/daedalus-<release>.tar and prints {"release": …, "archive": …}. The same sources give the
same name and the same bytes, whoever packs them and when. DIRECTORY must outlive the process that names it:
a later task reads the archive. Archives of other releases that are older than a day are removed from it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
import tarfile
import tempfile
import time
from pathlib import Path

TOP = ("pyproject.toml", "README.md", "requirements.lock", "requirements-build.lock")
SUFFIXES = (".py", ".typed")
KEEP_SECONDS = 86_400.0


def members(project: Path, build_script: Path) -> dict[str, bytes]:
    """The files of a release, by their path below it."""
    found = {f"source/{name}": (project / name).read_bytes() for name in TOP}
    for path in sorted((project / "daedalus").rglob("*")):
        if path.suffix in SUFFIXES and "__pycache__" not in path.parts:
            found[f"source/{path.relative_to(project).as_posix()}"] = path.read_bytes()
    found["build.sh"] = build_script.read_bytes()
    return found


def release_name(files: dict[str, bytes]) -> str:
    """``0.1.0-1a2b3c4d``: the version number in the source, and a digest of all files."""
    number = re.search(rb'__version__ = "([^"]+)"', files["source/daedalus/__init__.py"])
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"{number[1].decode() if number else '0'}-{digest.hexdigest()[:8]}"


def write(archive: Path, release: str, files: dict[str, bytes]) -> None:
    """Write the tar without owners and times. It is renamed when complete, so runs side by side never read half."""
    descriptor, aside = tempfile.mkstemp(prefix=".daedalus-", dir=archive.parent)
    try:
        with (
            open(descriptor, "wb") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, content in sorted(files.items()):
                member = tarfile.TarInfo(f"{release}/{name}")
                member.size, member.mode = len(content), 0o644
                tar.addfile(member, io.BytesIO(content))
        os.replace(aside, archive)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def prune(archive: Path) -> None:
    """Remove archives of earlier runs. After a day no run still needs its own."""
    for other in archive.parent.glob("*daedalus-*"):
        if other != archive and other.stat().st_mtime < time.time() - KEEP_SECONDS:
            other.unlink(missing_ok=True)


def main(project: str, build_script: str, directory: str) -> None:
    files = members(Path(project), Path(build_script))
    release = release_name(files)
    archive = Path(directory, f"daedalus-{release}.tar")
    try:
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(archive, release, files)
        prune(archive)
    except OSError as error:
        sys.exit(
            f"{archive.parent}: the archive of the release cannot be written: {error.strerror or error}. "
            "Make it writable, or name another place: XDG_CACHE_HOME=/path ansible-playbook …"
        )
    print(json.dumps({"release": release, "archive": str(archive)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
