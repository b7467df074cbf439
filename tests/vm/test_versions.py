"""A version that does not record is replaced by the one before; taken off, it leaves what was recorded."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from vm.appliance import ROOT, Appliance


def test_an_upgrade_to_a_version_that_does_not_record_rolls_back_by_itself(
    appliance: Appliance, tmp_path: Path
) -> None:
    shutil.copytree(
        ROOT / "workers", tmp_path / "workers", ignore=shutil.ignore_patterns("__pycache__", "*.lock.*")
    )
    worker = tmp_path / "workers/daedalus/ingest/worker.py"
    entry = "    shell = Shell("
    assert entry in worker.read_text()
    worker.write_text(
        worker.read_text().replace(entry, '    raise RuntimeError("a broken version")\n' + entry)
    )
    before = appliance.sh("readlink /opt/daedalus/current")
    units = appliance.sh("cd /etc/systemd/system && cat daedalus* | md5sum")
    done = appliance.play(
        "ansible/upgrade.yml", fails=True, venv_source=str(tmp_path / "workers"), workers_smoke_seconds=240
    )
    said = " ".join(done.stdout.split())
    assert f"is back at {before.rpartition('/')[2]}, since" in said, done.stdout[-6000:]
    assert "ingest-binance" in said
    assert appliance.sh("readlink /opt/daedalus/current") == before
    assert appliance.sh("cd /etc/systemd/system && cat daedalus* | md5sum") == units
    began = time.time_ns()
    for exchange in ("binance", "coinbase_exchange"):
        appliance.wait(lambda each=exchange: appliance.records(each, began), f"{exchange} to be recorded")


def test_taken_off_it_leaves_what_was_recorded_and_nothing_else(appliance: Appliance) -> None:
    appliance.play("ansible/uninstall.yml")
    kept = int(appliance.sh("find /var/lib/daedalus -name '*.parquet' | wc -l"))
    assert kept > 0
    assert appliance.sh("stat -c %U /var/lib/daedalus") == "daedalus"
    assert appliance.sh("systemctl list-units --all --plain --no-legend 'daedalus*'") == ""
    ours = (
        "/opt/daedalus /etc/daedalus /var/log/daedalus /usr/local/*/daedalus /etc/systemd/system/*daedalus*"
    )
    assert appliance.sh(f"ls -d {ours}", check=False) == ""
