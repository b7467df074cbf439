"""What runs against what is installed, and recorders that were not looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import asdict
from support.statuses import status_of

from daedalus import __version__
from daedalus.config import load_config
from daedalus.status import observe
from daedalus.status.installed import difference, elsewhere
from daedalus.store.layout import Layout
from daedalus.worker.start import setup_of
from daedalus.worker.status import Setup, write_status

PLACE, OTHER = "/etc/daedalus/config.yaml", "/home/me/config.yaml"
HERE = Setup(config_path=PLACE, config_hash="abc", version="2.0.0")
TEXT = "data_dir: {}\nexchanges: {{binance: {{symbols: [{}]}}}}\n"


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (HERE, ""),
        (Setup(config_path=OTHER, config_hash="abc", version="2.0.0"), ""),
        (Setup(config_path=PLACE, config_hash="old", version="2.0.0"), "as it was before a change"),
        (
            Setup(config_path=OTHER, config_hash="old", version="2.0.0"),
            f"runs with {OTHER}, not with ",
        ),
        (Setup(config_path=PLACE, config_hash="abc", version="1.0.0"), "version 1.0.0, here is 2.0.0"),
        (Setup(), "a version before 2.0.0"),
    ],
)
def test_a_difference_is_told_and_no_other(runs: Setup, said: str) -> None:
    told = difference(runs, HERE)
    assert said in told
    assert bool(told) is bool(said)


def configuration(directory: Path, symbols: str = "BTCUSDT") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "config.yaml"
    file.write_text(TEXT.format("data", symbols))
    return file


def runs(file: Path) -> None:
    """Let this very process be the ingest of a configuration."""
    config, worker = load_config(file), "ingest-binance"
    status = status_of(worker, **asdict(setup_of(config, worker)))
    write_status(Layout(config.data_dir).status, status)


def test_a_worker_whose_configuration_was_changed_is_told_until_it_is_started_again(tmp_path: Path) -> None:
    file = configuration(tmp_path)
    runs(file)
    row = observe(load_config(file))[0]
    assert (row.difference, row.version) == ("", __version__)
    configuration(tmp_path, "BTCUSDT, ETHUSDT")
    row = observe(load_config(file))[0]
    assert row.difference == f"runs with {file.resolve()} as it was before a change; restart it"
    assert row.well
    runs(file)
    assert observe(load_config(file))[0].difference == ""


def test_an_exchange_that_was_taken_out_and_still_records_is_told(tmp_path: Path) -> None:
    file = configuration(tmp_path)
    runs(file)
    file.write_text(TEXT.format("data", "BTCUSDT").replace("binance", "kraken"))
    row = next(row for row in observe(load_config(file)) if row.worker == "ingest-binance")
    assert "before a change" in row.difference


def test_a_recorder_that_runs_with_another_configuration_is_named(tmp_path: Path) -> None:
    ours, installed = configuration(tmp_path / "checkout"), configuration(tmp_path / "etc")
    looked = (ours, installed, tmp_path / "nowhere" / "config.yaml")
    assert elsewhere(load_config(ours), observe, looked) == []
    runs(installed)
    data = installed.resolve().parent / "data"
    assert elsewhere(load_config(ours), observe, looked) == [
        f"with {installed}, on {data}, there also run: ingest-binance. See them with -c {installed}"
    ]
    assert elsewhere(load_config(installed), observe, looked) == []


def test_a_configuration_that_cannot_be_used_is_left_out_and_told(tmp_path: Path) -> None:
    ours, other = configuration(tmp_path / "checkout"), tmp_path / "etc.yaml"
    other.write_text("exchanges: {}\n")
    (line,) = elsewhere(load_config(ours), observe, (ours, other))
    assert line.startswith(f"{other} is left out: ")
