"""An Ansible module: places directories and files with their content, mode and owner, in one run.

It stands in for a row of template and copy tasks, each of which costs several round trips and a start of
Python (docs/decisions/placed-files.md has the measurement), and brings a change into effect in the same run.
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
  - A file is written under another name, made durable and renamed, so that nobody reads half of it.
  - Missing parents of a file are made with mode 0755.
  - In check mode an owner that does not exist yet is a change to come, not an error.
options:
  directories:
    description: Directories to make, each after its parent.
    type: list
    elements: dict
    default: []
  files:
    description: Files to write.
    type: list
    elements: dict
    default: []
  absent:
    description: Files to remove.
    type: list
    elements: path
    default: []
  effect:
    description:
      - Commands that bring a change into effect, each a list of words, run in the same run of the module.
      - A run that is cut off between the change and the last command leaves the mark, and the next run
        completes it, although no file changes any more. A handler would be lost.
    type: list
    elements: list
  mark:
    description: A file that exists while a change is not in effect yet; needed with C(effect). Below /run it
      is gone after a reboot, which brings every change into effect.
    type: path
author: Daedalus
"""

EXAMPLES = r"""
- name: Write the drop-in and bring it into effect
  placed_files:
    files: [{path: /etc/example.d/90-ours.conf, content: "[Main]\n"}]
    effect: [[systemctl, restart, example.service]]
    mark: /run/daedalus-setup/example
"""

RETURN = r"""
paths:
  description: The paths that were changed, or would be, and the commands of C(effect) that were run.
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
                mark.touch()  # before the change, so that no interruption leaves a change without it
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
