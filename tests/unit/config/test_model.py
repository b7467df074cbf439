"""Defaults, bounds and what follows from the values."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from daedalus.config import Config, parse_config

MINIMAL = b"exchanges: {binance: {symbols: [BTCUSDT]}}\n"


def test_sections_that_are_left_empty_have_their_defaults() -> None:
    empty = b"writer:\nsync:\n  retention:\nmemory:\nlog:\nnormalize:\n"
    assert parse_config(MINIMAL + empty, "f") == parse_config(MINIMAL, "f")


def test_a_configuration_cannot_be_changed() -> None:
    config = parse_config(MINIMAL, "f")
    with pytest.raises(ValidationError):
        config.writer.batch_size = 1  # type: ignore[misc]


def test_a_configuration_can_be_made_in_code() -> None:
    config = Config.model_validate(
        {"exchanges": {"binance": {"symbols": ["BTCUSDT"]}}, "data_dir": Path("x")}
    )
    assert config == parse_config(MINIMAL + b"data_dir: x\n", "f")


def test_the_target_is_in_the_data_directory_where_none_is_named(tmp_path: Path) -> None:
    config = parse_config(MINIMAL + f"data_dir: {tmp_path}\n".encode(), "f")
    assert config.target == f"file://{tmp_path}/lake"


def test_the_target_of_a_relative_data_directory_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_config(MINIMAL, "f").target == f"file://{tmp_path}/data/lake"


@pytest.mark.parametrize("target", ["s3://bucket", "s3://bucket/a/b", "file:///mnt/x", "memory://x"])
def test_a_named_target_is_taken_as_it_is(target: str) -> None:
    assert parse_config(MINIMAL + f"sync: {{target: '{target}'}}".encode(), "f").target == target


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    config = parse_config(MINIMAL + b"data_dir: ~/data\n", "f")
    assert config.data_dir == Path("/home/someone/data")


def test_megabytes_are_a_million_bytes() -> None:
    config = parse_config(MINIMAL + b"sync: {retention: {max_disk_mb: 3}}", "f")
    assert config.writer.segment_max_bytes == 100_000_000
    assert config.writer.min_free_bytes == 500_000_000
    assert (config.memory.warn_bytes, config.memory.restart_bytes) == (1_200_000_000, 1_800_000_000)
