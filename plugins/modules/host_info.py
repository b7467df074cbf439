"""An Ansible module: what a role needs to know about a host, read in one run.

A module's run costs a second on a Pi and ten under emulation, so a role asks for everything it needs at
once. The module only reads. It also runs on a Python that Daedalus refuses (3.8 and newer), because it is
what finds that out.
"""

from __future__ import annotations

import glob
import os
import subprocess
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: host_info
short_description: Reads what a role needs to know about a host, in one run
description:
  - Each option asks for one kind of fact; what is not asked for is not returned.
  - Changes nothing, so that it runs in check mode too.
options:
  paths:
    description: Paths to look for; of those that exist, the size and the target are returned.
    type: list
    elements: path
    default: []
  texts:
    description: Text files to read.
    type: list
    elements: path
    default: []
  globs:
    description: Patterns of paths, for example C(/opt/*/.complete).
    type: list
    elements: path
    default: []
  free_space:
    description: Paths whose free disk space is asked for; they need not exist yet.
    type: list
    elements: path
    default: []
  packages:
    description: Debian packages that should be installed.
    type: list
    elements: str
  python:
    description: The Python interpreter to describe.
    type: path
  swaps:
    description: Whether to list the swap in use.
    type: bool
    default: false
  units:
    description: A pattern of systemd units, for example C(example*).
    type: str
  question:
    description: A command whose answer is asked for; it must change nothing.
    type: dict
    suboptions:
      programs:
        description: Candidates for the program; the first that exists is run, and none is an answer too.
        type: list
        elements: path
        required: true
      arguments:
        description: Its arguments.
        type: list
        elements: str
        default: []
      stdin:
        description: Its standard input. It is not logged.
        type: str
        default: ""
author: Daedalus
"""

EXAMPLES = r"""
- name: Read the free space and the Python
  host_info:
    free_space: [/opt/example]
    python: /usr/bin/python3
  register: example_host

- name: Refuse a full disk
  ansible.builtin.assert:
    that: example_host.free_space["/opt/example"] >= 1000
"""

RETURN = r"""
paths:
  description: The given paths that exist, links that lead nowhere included. Each has C(size) in bytes and
    C(target), the target of a symbolic link or "".
  type: dict
  returned: always
  sample: {/opt/example/current: {size: 4096, target: releases/1.0}}
texts:
  description: The text of each given file that can be read.
  type: dict
  returned: always
globs:
  description: The paths that match each pattern, sorted.
  type: dict
  returned: always
free_space:
  description: The free space in MiB where each path lies or will lie.
  type: dict
  returned: always
packages:
  description: The C(architecture) of the installed system, as dpkg names it, and the C(missing) packages.
  type: dict
  returned: when asked for
  sample: {architecture: arm64, missing: []}
python:
  description: The interpreter's C(version) and its C(bits) (64 or 32); "" and 0 where it does not run.
  type: dict
  returned: when asked for
  sample: {version: "3.11", bits: 64}
swaps:
  description: Each swap in use with its C(path), C(kind) (file or partition) and C(size_kb) in KiB.
  type: list
  elements: dict
  returned: when asked for
systemd:
  description: The C(version) of systemd (0 without systemd) and the C(active) units that match.
  type: dict
  returned: when asked for
  sample: {version: 252, active: [example.service]}
answer:
  description: The C(program) that was run ("" if none exists), its C(rc), C(stdout) and C(stderr).
  type: dict
  returned: when asked for
"""

_QUESTION = {
    "programs": {"type": "list", "elements": "path", "required": True},
    "arguments": {"type": "list", "elements": "str", "default": []},
    "stdin": {"type": "str", "default": "", "no_log": True},
}
_DESCRIBE = "import sys, struct; print('%d.%d' % sys.version_info[:2], 8 * struct.calcsize('P'))"
_BYTES_PER_MIB = 1 << 20


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "paths": {"type": "list", "elements": "path", "default": []},
            "texts": {"type": "list", "elements": "path", "default": []},
            "globs": {"type": "list", "elements": "path", "default": []},
            "free_space": {"type": "list", "elements": "path", "default": []},
            "packages": {"type": "list", "elements": "str"},
            "python": {"type": "path"},
            "swaps": {"type": "bool", "default": False},
            "units": {"type": "str"},
            "question": {"type": "dict", "options": _QUESTION},
        },
        supports_check_mode=True,
    )
    asked = module.params
    found: dict[str, Any] = {
        "paths": {path: _path(path) for path in asked["paths"] if os.path.lexists(path)},
        "texts": {path: text for path in asked["texts"] if (text := _text(path)) is not None},
        # Path.glob passes over links that lead nowhere.
        "globs": {pattern: sorted(glob.glob(pattern)) for pattern in asked["globs"]},  # noqa: PTH207
        "free_space": {path: _free_mb(path) for path in asked["free_space"]},
    }
    if asked["packages"] is not None:
        found["packages"] = _packages(asked["packages"])
    if asked["python"] is not None:
        found["python"] = _python(asked["python"])
    if asked["swaps"]:
        found["swaps"] = _swaps(_text("/proc/swaps") or "")
    if asked["units"] is not None:
        found["systemd"] = _systemd(asked["units"])
    if asked["question"] is not None:
        found["answer"] = _answer(**asked["question"])
    module.exit_json(changed=False, **found)


def _path(path: str) -> dict[str, Any]:
    place = Path(path)
    return {
        "size": place.stat().st_size if place.exists() else 0,
        "target": os.readlink(path) if place.is_symlink() else "",  # noqa: PTH115 - newer than Python 3.8
    }


def _text(path: str) -> str | None:
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return None


def _free_mb(path: str) -> int:
    place = Path("/", path)
    while not place.is_dir():
        place = place.parent
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize // _BYTES_PER_MIB


def _packages(names: list[str]) -> dict[str, Any]:
    status = ("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}")
    missing = [name for name in names if not _run(*status, name)[1].startswith("ii")]
    return {"architecture": _run("dpkg", "--print-architecture")[1].strip(), "missing": missing}


def _python(interpreter: str) -> dict[str, Any]:
    version, _, bits = _run(interpreter, "-c", _DESCRIBE)[1].strip().partition(" ")
    return {"version": version, "bits": int(bits or 0)}


def _swaps(table: str) -> list[dict[str, Any]]:
    """The rows of /proc/swaps, which writes a blank in a path as ``\\040``."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return [
        {"path": path.replace("\\040", " "), "kind": kind, "size_kb": int(size)}
        for path, kind, size, *_ in rows
    ]


def _systemd(pattern: str) -> dict[str, Any]:
    version = _run("systemctl", "--version")[1].split()[1:2]
    units = _run("systemctl", "list-units", "--no-legend", "--plain", "--state=active", pattern)[1]
    return {
        "version": int(version[0]) if version and version[0].isdigit() else 0,
        "active": [line.split()[0] for line in units.splitlines() if line.strip()],
    }


def _answer(programs: list[str], arguments: list[str], stdin: str) -> dict[str, Any]:
    for program in programs:
        if os.access(program, os.X_OK):
            code, stdout, stderr = _run(program, *arguments, stdin=stdin)
            return {"program": program, "rc": code, "stdout": stdout, "stderr": stderr}
    return {"program": "", "rc": 0, "stdout": "", "stderr": ""}


def _run(*command: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors; 127 and the reason where the program does not exist."""
    try:
        done = subprocess.run(  # noqa: S603
            command, input=stdin.encode(), capture_output=True, cwd="/", check=False
        )
    except OSError as error:
        return 127, "", f"{command[0]}: {error.strerror}"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


if __name__ == "__main__":
    main()
