from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "roles/venv/files/pack.py"
BUILD = ROOT / "roles/venv/files/build.sh"


def pack(project: Path, directory: Path) -> tuple[str, Path]:
    directory.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, SCRIPT, project, BUILD, directory], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    return found["release"], Path(found["archive"])


def test_the_same_checkout_has_the_same_name_and_the_same_bytes(tmp_path: Path) -> None:
    release, archive = pack(ROOT / "workers", tmp_path / "a")
    again, other = pack(ROOT / "workers", tmp_path / "b")
    assert release == again
    assert archive.read_bytes() == other.read_bytes()
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert f"{release}/source/daedalus/__init__.py" in names
    assert f"{release}/build.sh" in names
    assert not [name for name in names if "__pycache__" in name or not name.startswith(f"{release}/")]


def test_a_changed_line_is_another_version(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("pack", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = module.members(ROOT / "workers", BUILD)
    changed = {**files, "source/daedalus/errors.py": files["source/daedalus/errors.py"] + b"\n"}
    number, _, digest = module.release_name(files).partition("-")
    assert number.count(".") == 2
    assert len(digest) == 8
    assert module.release_name(changed) not in ("", module.release_name(files))
