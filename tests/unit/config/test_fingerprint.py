"""When two configurations are the same to a worker, and when a worker has to be started again."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus import __version__
from daedalus.config import fingerprint, load_config
from daedalus.worker.start import setup_of

TWO = """
data_dir: /srv/data
exchanges:
  binance: {symbols: [BTCUSDT]}
  kraken: {symbols: [BTC/USD]}
"""
ALL = ["ingest-binance", "ingest-kraken", "normalize", "sync", "watchdog"]


@pytest.fixture(autouse=True)
def _no_secrets_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "CREDENTIALS_DIRECTORY",
        "DAEDALUS_S3_ACCESS_KEY",
        "DAEDALUS_S3_SECRET_KEY",
        "DAEDALUS_ALERT_URLS",
    ):
        monkeypatch.delenv(name, raising=False)


def hashes(directory: Path, text: str) -> dict[str, str]:
    file = directory / "config.yaml"
    file.write_text(text, encoding="utf-8")
    config = load_config(file)
    return {worker: fingerprint(config, worker) for worker in [*config.workers, "watchdog"]}


def changed(directory: Path, before: str, after: str) -> list[str]:
    one, other = hashes(directory, before), hashes(directory, after)
    return [worker for worker in other if one.get(worker) != other[worker]]


@pytest.mark.parametrize(
    "same",
    [
        TWO + "# a comment\n",
        TWO + "writer: {queue_maxsize: 10000}\nlog: {level: info}\n",
        TWO.replace("[BTCUSDT]", "[btcusdt]"),
        TWO.replace("[BTCUSDT]", "[BTCUSDT], channels: [trade, aggTrade, depth, bookTicker]"),
    ],
)
def test_what_changes_nothing_that_is_in_effect_leaves_every_hash_as_it_was(
    tmp_path: Path, same: str
) -> None:
    assert changed(tmp_path, TWO, same) == []


@pytest.mark.parametrize(
    ("other", "workers"),
    [
        (TWO.replace("[BTCUSDT]", "[BTCUSDT, ETHUSDT]"), ["ingest-binance"]),
        (TWO.replace("[BTCUSDT]", "[BTCUSDT], connections: 2"), ["ingest-binance"]),
        (TWO + "  okx: {symbols: [BTC-USDT]}\n", ["ingest-okx", "watchdog"]),
        (TWO + "writer: {batch_size: 10}\n", ["ingest-binance", "ingest-kraken"]),
        (TWO + "normalize: {interval_seconds: 9}\n", ["normalize"]),
        (TWO + "sync: {include_raw: true}\n", ["sync"]),
        (TWO + "memory: {restart_mb: 1900}\n", ["watchdog"]),
        (TWO + 'alerts: {dead_mans_ping: "https://hc-ping.com/one"}\n', ["watchdog"]),
        (TWO + "sync: {access_key: AKIA, secret_key: hidden}\n", ["sync"]),
        (TWO.replace("/srv/data", "/srv/other"), ALL),
        (TWO + "log: {level: debug}\n", ALL),
    ],
)
def test_a_change_alters_the_hash_of_each_worker_that_it_concerns_and_of_no_other(
    tmp_path: Path, other: str, workers: list[str]
) -> None:
    assert changed(tmp_path, TWO, other) == workers


def test_another_secret_in_the_file_is_another_hash(tmp_path: Path) -> None:
    one, other = (TWO + f"sync: {{access_key: AKIA, secret_key: {key}}}\n" for key in ("first", "second"))
    assert changed(tmp_path, one, other) == ["sync"]


def test_who_may_not_read_the_credentials_gets_the_hash_of_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = hashes(tmp_path, TWO)
    monkeypatch.setenv("DAEDALUS_S3_ACCESS_KEY", "AKIA")
    monkeypatch.setenv("DAEDALUS_S3_SECRET_KEY", "hidden")
    monkeypatch.setenv("DAEDALUS_ALERT_URLS", "ntfy://ntfy.sh/topic")
    assert hashes(tmp_path, TWO) == without


def test_a_worker_tells_the_file_by_its_whole_path_the_hash_and_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(TWO)
    setup = setup_of(load_config(Path("config.yaml")), "normalize")
    assert (setup.config_path, setup.version) == (str(tmp_path.resolve() / "config.yaml"), __version__)
    assert len(setup.config_hash) == 16
