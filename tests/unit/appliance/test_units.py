"""The units as the role writes them, judged by systemd itself."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

CONFIG = """# A comment that must survive.
data_dir: data
exchanges:
  binance:
    symbols: [BTCUSDT]
sync:
  target: file:///mnt/nas/lake
"""
SECRETS = {
    "s3_access_key": "AKIA-of-nobody",
    "s3_secret_key": "hidden-from-all",
    "alert_urls": "ntfy://hidden\n",
}
SERVICES = ("ingest@binance", "normalize", "sync", "watchdog", "alert@daedalus-sync")


def variables(root: Path, systemd: int = 252) -> dict[str, Any]:
    """What the role needs to write below ``root``, as on a host that runs this systemd."""
    (root / "config.yaml").write_text(CONFIG)
    return {
        "workers_config_file": str(root / "config.yaml"),
        "workers_config_directory": str(root / "etc"),
        "workers_unit_directory": str(root / "units"),
        "workers_command_directory": str(root / "bin"),
        "workers_library_directory": str(root / "lib"),
        "workers_group": "root",
        "workers_secrets": SECRETS,
        "workers_host": {"systemd": {"version": systemd, "active": []}, "globs": {}},
    }


@pytest.fixture(autouse=True)
def no_systemd(systemctl: Path) -> None:
    """The units take effect nowhere."""


@pytest.fixture
def units(role: Any, tmp_path: Path) -> Path:
    """The written units, those with a name of their own included."""
    done = role("workers", "preflight", "configure", **variables(tmp_path))
    assert done["changed"] > 0
    directory = tmp_path / "units"
    for name in SERVICES:
        path = directory / f"daedalus-{name}.service"
        if "@" in name:
            shutil.copy(directory / f"daedalus-{name.partition('@')[0]}@.service", path)
        # Programs of the host it is written for are not here; what is judged is everything else.
        path.write_text(path.read_text().replace("/opt/daedalus/current/bin/daedalus", "/bin/true"))
    return directory


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_has_nothing_to_say_against_the_units_and_finds_them_well_caged(units: Path) -> None:
    names = [units / f"daedalus-{name}.service" for name in SERVICES]
    verify = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            *names,
            units / "daedalus.target",
            units / "daedalus.slice",
        ],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in verify.stderr.splitlines() if "daedalus" in line]
    assert not ours, ours
    for name in names:
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", name],
            capture_output=True,
            text=True,
        )
        assert judged.returncode == 0, judged.stdout[-3000:] + judged.stderr


def test_a_second_run_and_check_mode_find_nothing_to_do(role: Any, tmp_path: Path) -> None:
    about = variables(tmp_path)
    assert role("workers", "preflight", "configure", check=True, **about)["changed"] > 0
    assert not (tmp_path / "units").exists()
    role("workers", "preflight", "configure", **about)
    assert role("workers", "preflight", "configure", **about)["changed"] == 0
    assert role("workers", "preflight", "configure", check=True, **about)["changed"] == 0


def test_secrets_are_files_for_root_alone_and_nowhere_else(role: Any, tmp_path: Path) -> None:
    about = variables(tmp_path)
    done = role("workers", "preflight", "configure", check=True, **about)
    done["output"] += role("workers", "preflight", "configure", **about)["output"]
    written = {path for path in tmp_path.rglob("*") if path.is_file() and path.name != "play.json"}
    for name, secret in SECRETS.items():
        path = tmp_path / "etc/credentials" / name
        assert path.read_text() == secret
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        assert secret.strip() not in done["output"]
        assert [each for each in written if secret.strip() in each.read_text()] == [path]
    sync = (tmp_path / "units/daedalus-sync.service").read_text()
    assert f"LoadCredential=s3_secret_key:{tmp_path}/etc/credentials/s3_secret_key" in sync
    assert "LoadCredential" not in (tmp_path / "units/daedalus-ingest@.service").read_text()
    role("workers", "preflight", "configure", **{**about, "workers_secrets": {}})
    assert not list((tmp_path / "etc/credentials").iterdir()), "a secret that is no longer given is gone"


def test_the_configuration_keeps_its_comments_and_lines_and_gets_the_place_of_the_data(
    role: Any, tmp_path: Path
) -> None:
    role("workers", "preflight", "configure", **variables(tmp_path))
    text = (tmp_path / "etc/config.yaml").read_text()
    assert text == CONFIG.replace("data_dir: data", "data_dir: /var/lib/daedalus")
    assert "ReadWritePaths=-/mnt/nas/lake" in (tmp_path / "units/daedalus-sync.service").read_text()


def test_a_hosts_own_sections_replace_those_of_the_file(role: Any, tmp_path: Path) -> None:
    own = {"exchanges": {"coinbase_exchange": {"symbols": ["BTC-USD"]}}}
    role("workers", "preflight", "configure", **variables(tmp_path), workers_overrides=own)
    text = (tmp_path / "etc/config.yaml").read_text()
    assert "binance" not in text
    assert "coinbase_exchange" in text
    assert "data_dir: /var/lib/daedalus" in text


def test_each_systemd_gets_what_it_knows(role: Any, tmp_path: Path) -> None:
    role("workers", "preflight", "configure", **variables(tmp_path, systemd=252))
    assert "RestartMode" not in (tmp_path / "units/daedalus-sync.service").read_text()
    role("workers", "preflight", "configure", **variables(tmp_path, systemd=257))
    assert "RestartMode=direct" in (tmp_path / "units/daedalus-sync.service").read_text()
