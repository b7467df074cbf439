"""An Ansible module: directories and files as they must be, all of them in one run.

A module's run costs a second on a Pi and ten under emulation, most of it Python's start. A recorder has a
dozen small files; this places them together, each by an atomic rename, with check mode and a diff.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: placed_files
short_description: Places directories and files with their content, mode and owner, in one run
description:
  - A file is written aside, made durable and renamed, so that nobody ever reads half of one.
  - Parents of a file that are missing are made, for everyone to read.
  - In check mode an owner that does not exist yet is a change to come, not an error.
options:
  directories:
    description: Directories that must be there, each after its parent.
    type: list
    elements: dict
    default: []
  files:
    description: Files that must be there with exactly this content.
    type: list
    elements: dict
    default: []
  absent:
    description: Files that must not be there.
    type: list
    elements: path
    default: []
  effect:
    description:
      - Commands after which a change holds, run in the same run of the module; each a list of words.
      - A run that is cut off between the change and the last of them leaves a mark, and the next one takes
        them up, though no file changes any more. A handler would have forgotten it.
    type: list
    elements: list
  mark:
    description: The file that says that a change does not hold yet; needed with C(effect). Below /run it is
      gone after a reboot, which brings every change into effect.
    type: path
author: Daedalus
"""

EXAMPLES = r"""
- name: The drop-in is in place and in effect
  placed_files:
    files: [{path: /etc/example.d/90-ours.conf, content: "[Main]\n"}]
    effect: [[systemctl, restart, example.service]]
    mark: /run/daedalus-setup/example
"""

RETURN = r"""
paths:
  description: What was changed, or would be; a command that brought a change into effect too.
  type: list
  elements: str
  returned: always
"""

_OWNED = {"owner": {"type": "str", "default": "root"}, "group": {"type": "str", "default": "root"}}
_DIRECTORY = {
    "path": {"type": "path", "required": True},
    "mode": {"type": "str", "default": "0755"},
    **_OWNED,
}
_FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0644"},
    **_OWNED,
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directories": {"type": "list", "elements": "dict", "default": [], "options": _DIRECTORY},
            "files": {"type": "list", "elements": "dict", "default": [], "options": _FILE},
            "absent": {"type": "list", "elements": "path", "default": []},
            "effect": {"type": "list", "elements": "list"},
            "mark": {"type": "path"},
        },
        required_by={"effect": ["mark"]},
        supports_check_mode=True,
    )
    changed: list[str] = []
    diff: list[dict[str, str]] = []
    mark = Path(module.params["mark"]) if module.params["effect"] else None
    try:
        _place(module.params, changed, diff, dry=True)
        if not module.check_mode:
            if changed and mark is not None:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()  # before the change, so that no interruption separates them
            _place(module.params, [], [], dry=False)
    except (OSError, LookupError, ValueError) as error:
        module.fail_json(msg=str(error), paths=changed)
    if mark is not None and mark.exists():
        for command in module.params["effect"]:
            changed.append(" ".join(command))
            if not module.check_mode:
                code, _, said = module.run_command(command)
                if code != 0:
                    module.fail_json(
                        msg=f"{' '.join(command)}: {said.strip() or f'exit code {code}'}", paths=changed
                    )
        if not module.check_mode:
            mark.unlink()
    module.exit_json(changed=bool(changed), paths=changed, diff=diff)


def _place(wanted: dict[str, Any], changed: list[str], diff: list[dict[str, str]], *, dry: bool) -> None:
    for each in wanted["directories"]:
        _directory(each, changed, diff, dry)
    for each in wanted["files"]:
        _file(each, changed, diff, dry)
    for each in wanted["absent"]:
        _absent(Path(each), changed, diff, dry)


def _directory(wanted: dict[str, Any], changed: list[str], diff: list[dict[str, str]], dry: bool) -> None:
    path, mode, owner = Path(wanted["path"]), int(wanted["mode"], 8), _ids(wanted, dry)
    if path.is_dir() and _attributes(path) == (mode, *owner):
        return
    changed.append(str(path))
    diff.append(_difference(path, _describe(path), f"directory {mode:04o} {wanted['owner']}\n"))
    if not dry:
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, *owner)
        path.chmod(mode)


def _file(wanted: dict[str, Any], changed: list[str], diff: list[dict[str, str]], dry: bool) -> None:
    path, mode, owner = Path(wanted["path"]), int(wanted["mode"], 8), _ids(wanted, dry)
    content = wanted["content"].encode()
    before = path.read_bytes() if path.is_file() else None
    same = before == content
    if same and _attributes(path) == (mode, *owner):
        return
    changed.append(str(path))
    if same:
        diff.append(_difference(path, _describe(path), f"file {mode:04o} {wanted['owner']}\n"))
    else:
        diff.append(_difference(path, (before or b"").decode(errors="replace"), wanted["content"]))
    if not dry:
        _write(path, content, mode, owner)


def _write(path: Path, content: bytes, mode: int, owner: tuple[int, int]) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _absent(path: Path, changed: list[str], diff: list[dict[str, str]], dry: bool) -> None:
    if not path.is_symlink() and not path.exists():
        return
    changed.append(str(path))
    diff.append(_difference(path, _describe(path), ""))
    if not dry:
        path.unlink()


def _ids(wanted: dict[str, Any], dry: bool) -> tuple[int, int]:
    try:
        return pwd.getpwnam(wanted["owner"]).pw_uid, grp.getgrnam(wanted["group"]).gr_gid
    except KeyError:
        if dry:
            return -1, -1
        raise LookupError(
            f"{wanted['path']}: there is no user {wanted['owner']} or no group {wanted['group']} here."
        ) from None


def _attributes(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


def _describe(path: Path) -> str:
    if not path.exists():
        return ""
    mode, owner, _ = _attributes(path)
    return f"{'directory' if path.is_dir() else 'file'} {mode:04o} uid {owner}\n"


def _difference(path: Path, before: str, after: str) -> dict[str, str]:
    return {"before_header": str(path), "after_header": str(path), "before": before, "after": after}


if __name__ == "__main__":
    main()
