from __future__ import annotations

from pathlib import Path
from typing import Any

SMALL: dict[str, Any] = {"swap_size_mb": 16, "swap_keep_free_mb": 1}


def machine(root: Path) -> Path:
    for each in ("run", "var", "etc"):
        (root / each).mkdir()
    (root / "etc/fstab").write_text("proc /proc proc defaults 0 0\n")
    return root


def test_rpi_swap_gets_a_drop_in_and_asks_for_a_reboot_once(role: Any, tmp_path: Path) -> None:
    root = machine(tmp_path)
    (root / "etc/rpi").mkdir()
    (root / "etc/rpi/swap.conf").write_text("[Main]\n")
    role("swap", swap_root=str(root), **SMALL)
    text = (root / "etc/rpi/swap.conf.d/80-daedalus.conf").read_text()
    assert "[Main]\nMechanism=swapfile\n" in text
    assert "[File]\nFixedSizeMiB=16\n" in text
    assert "[Zram]" not in text
    assert (root / "run/daedalus-reboot").exists()
    assert role("swap", swap_root=str(root), **SMALL)["changed"] == 0


def test_dphys_swapfile_gets_size_and_upper_limit_behind_what_is_there(role: Any, tmp_path: Path) -> None:
    root = machine(tmp_path)
    (root / "etc/dphys-swapfile").write_text("CONF_SWAPSIZE=100\n")
    role("swap", swap_root=str(root), **SMALL)
    lines = (root / "etc/dphys-swapfile").read_text().splitlines()
    assert lines[0] == "CONF_SWAPSIZE=100"
    assert lines.index("CONF_SWAPSIZE=16") > 0
    assert "CONF_MAXSWAP=16" in lines
    assert role("swap", swap_root=str(root), **SMALL)["changed"] == 0


def test_elsewhere_a_swap_file_is_made_for_root_alone_and_named_in_fstab(role: Any, tmp_path: Path) -> None:
    root = machine(tmp_path)
    role("swap", check=True, swap_root=str(root), **SMALL)
    assert not (root / "var/swapfile").exists()
    role("swap", swap_root=str(root), **SMALL)
    found = (root / "var/swapfile").stat()
    assert (found.st_size, found.st_mode & 0o777) == (16 << 20, 0o600)
    assert "/var/swapfile none swap sw,nofail 0 0" in (root / "etc/fstab").read_text()
    assert role("swap", swap_root=str(root), **SMALL)["changed"] == 0


def test_a_disk_without_room_is_refused_before_anything_is_written(role: Any, tmp_path: Path) -> None:
    root = machine(tmp_path)
    done = role("swap", fails=True, swap_root=str(root), swap_size_mb=16, swap_keep_free_mb=10**9)
    assert "Make room, take a larger card, or set swap_size_mb lower" in " ".join(done["output"].split())
    assert not (root / "var/swapfile").exists()
