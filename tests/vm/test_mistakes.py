"""An owner's mistakes: each is told with its reason, and what records goes on recording."""

from __future__ import annotations

import time
from pathlib import Path

import yaml
from vm.appliance import Appliance


def test_a_configuration_with_a_mistake_stops_the_playbook_before_anything_changes(
    appliance: Appliance, tmp_path: Path
) -> None:
    wrong = appliance.around.configuration()
    wrong["exchanges"]["binance"]["symbols"] = "BTCUSDT"
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(wrong))
    pid = appliance.show("daedalus-ingest@binance", "MainPID")
    before = appliance.sh(
        "find /etc /opt/daedalus/current /usr/local -newermt '-1 hour' -type f | xargs md5sum"
    )
    done = appliance.play("site.yml", fails=True, workers_config_file=str(path))
    said = " ".join(done.stdout.split())
    assert f"{path}:" in said
    assert "exchanges.binance.symbols: expected a list" in said
    assert "changed=0" in said
    assert appliance.show("daedalus-ingest@binance", "MainPID") == pid
    after = appliance.sh(
        "find /etc /opt/daedalus/current /usr/local -newermt '-1 hour' -type f | xargs md5sum"
    )
    assert after == before


def test_with_a_wrong_key_recording_goes_on_and_sync_says_why_and_one_alert_comes(
    appliance: Appliance,
) -> None:
    told_before = len(appliance.alerts())
    pid = appliance.show("daedalus-ingest@binance", "MainPID")
    secrets = {
        "s3_access_key": appliance.around.about["s3"]["access_key"],
        "s3_secret_key": "not/the+key",
        "alert_urls": appliance.around.about["alert_url"],
    }

    def told() -> list[str]:
        return [text for text in appliance.alerts()[told_before:] if "sync" in text and "key" in text.lower()]

    try:
        done = appliance.play("site.yml", "--tags", "workers", workers_secrets=secrets)
        assert "not/the+key" not in done.stdout
        appliance.wait(told, "the alert")
        said = appliance.show("daedalus-sync", "StatusText")
        assert "key" in said.lower(), said
        assert said in appliance.sh("tail -n 200 /var/log/daedalus/sync.log")
        time.sleep(130)  # two looks more
        assert len(told()) == 1, told()
        assert appliance.show("daedalus-sync", "NRestarts") == "0"
        assert appliance.show("daedalus-ingest@binance", "MainPID") == pid
        assert appliance.records("binance", time.time_ns() - 30 * 10**9)
    finally:
        appliance.play("site.yml", "--tags", "workers")
    appliance.wait(lambda: "uploaded" in appliance.show("daedalus-sync", "StatusText"), "sync to go on", 900)
