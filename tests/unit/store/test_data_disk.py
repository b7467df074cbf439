"""A data_dir whose disk is away is not begun anew on the system's own disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from faults.disks import a_disk

from daedalus.store.data_disk import require_disk, why_unmounted
from daedalus.store.layout import Layout
from daedalus.store.lock import WorkerLock


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/daedalus/disks.json"


def test_a_worker_does_not_start_on_a_bare_mount_point_and_does_when_the_disk_is_back(
    tmp_path: Path, memory: Path
) -> None:
    with a_disk(tmp_path, 16) as disk:
        layout = Layout(disk.folder / "data")
        with WorkerLock(layout, "ingest-binance"):
            pass
        disk.unmount()
        with pytest.raises(OSError, match="its disk is not mounted"), WorkerLock(layout, "ingest-binance"):
            pass
        assert list(disk.folder.iterdir()) == []
        assert str(memory) in why_unmounted(layout.data_dir)
        disk.mount()
        with WorkerLock(layout, "ingest-binance"):
            pass


def test_a_data_dir_that_was_deleted_may_be_begun_anew_on_the_same_disk(tmp_path: Path) -> None:
    with a_disk(tmp_path, 16) as disk:
        layout = Layout(disk.folder / "data")
        with WorkerLock(layout, "sync"):
            pass
        shutil.rmtree(layout.data_dir)
        require_disk(disk.folder / "data")


def test_a_data_dir_on_the_systems_disk_is_not_remembered(tmp_path: Path, memory: Path) -> None:
    root = machine(tmp_path / "root", "/dev/a / ext4 rw 0 0\n")
    require_disk(Path("/srv/data"), root)
    assert not memory.exists()


def test_what_systemd_binds_anew_for_a_unit_is_on_the_same_disk(tmp_path: Path, memory: Path) -> None:
    root = machine(tmp_path / "root", "/dev/a / ext4 ro 0 0\n/dev/a /var/lib/daedalus ext4 rw 0 0\n")
    require_disk(Path("/var/lib/daedalus"), root)
    assert not memory.exists()


def test_a_disk_that_fstab_names_is_missed_before_anything_was_recorded(tmp_path: Path) -> None:
    root = machine(tmp_path / "root", "/dev/a / ext4 rw 0 0\n", "LABEL=ssd /nowhere/ssd ext4 defaults 0 2\n")
    with pytest.raises(OSError, match="/etc/fstab names a disk for /nowhere/ssd"):
        require_disk(Path("/nowhere/ssd/data"), root)
    require_disk(Path("/nowhere/else"), root)


def machine(root: Path, mounts: str, fstab: str = "") -> Path:
    for name, text in (("proc/self/mounts", mounts), ("etc/fstab", fstab)):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text)
    return root
