"""Whatever lies in a file or in the configuration: told in a word, and never followed out of place.

Beside the code, any bytes are tried as a message and as an answer over REST
(`tests/unit/exchanges/test_hostile_bytes.py`), as an active file (`tests/unit/store/test_ipc_log.py`), as a
configuration (`tests/unit/config/test_robustness.py`).
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daedalus.config import Config, ConfigError, parse_config
from daedalus.normalize import normalize_ready
from daedalus.store import READY, Layout, Partition, SegmentId
from daedalus.store.layout import TableFile
from daedalus.store.raw import RAW_SCHEMA
from daedalus.sync.plan import plan_uploads
from daedalus.worker.status import read_status

# The same examples each time: what is found in a file's unprotected footer must not decide about a build.
here = settings(
    max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MESSAGE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1790000000000,"s":"BTCUSDT","t":%d,"p":"1","q":"1",'
    b'"T":1790000000000,"m":true}}'
)
FIRST = 1_790_000_000_000_000_000


def sealed(count: int = 300) -> bytes:
    """A good sealed file of trades."""
    rows = [
        {
            "recv_ns": FIRST + at,
            "conn": "20260921T140640000000-0",
            "seq": at,
            "kind": "message",
            "channel": "trade",
            "symbol": "BTCUSDT",
            "payload": MESSAGE % at,
        }
        for at in range(count)
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, RAW_SCHEMA), sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


GOOD = sealed()
SEGMENT = SegmentId(Partition("binance", "trade"), FIRST)


def trades(layout: Layout) -> list[str]:
    found = (layout.tables(READY) / "trades").rglob("*.parquet")
    return [row for path in found for row in pq.read_table(path, partitioning=None)["id"].to_pylist()]


@here
@given(
    flips=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), max_size=4),
    cut=st.integers(0, len(GOOD)) | st.none(),
    tail=st.binary(max_size=40),
)
def test_a_sealed_file_with_any_damage_is_read_rightly_or_set_aside_whole(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int | None, tail: bytes
) -> None:
    layout = Layout(tmp_path_factory.mktemp("input") / "data")
    data = bytearray(GOOD)
    for place, mask in flips:
        data[place] ^= mask
    content = bytes(data if cut is None else data[:cut]) + tail
    path = layout.raw(READY) / SEGMENT.sealed_path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    progress = normalize_ready(layout)
    if progress.damaged:
        (kept,) = layout.damaged.iterdir()
        assert kept.read_bytes() == content
        assert trades(layout) == []
    elif not progress.trouble:
        assert trades(layout) == [str(number) for number in range(300)]
    else:
        assert path.read_bytes() == content


@here
@given(content=st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_a_status_of_any_bytes_is_a_status_or_none(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("status")
    (folder / "sync.json").write_bytes(content)
    read_status(folder, "sync")


@here
@given(content=st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_a_carry_of_any_bytes_holds_its_partition_back_and_says_which_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    layout = Layout(tmp_path_factory.mktemp("checkpoint") / "data")
    checkpoint = layout.checkpoint(SegmentId(SEGMENT.partition, FIRST - 1))
    path = layout.raw(READY) / SEGMENT.sealed_path
    for each, written in ((checkpoint, content), (path, GOOD)):
        each.parent.mkdir(parents=True)
        each.write_bytes(written)
    progress = normalize_ready(layout)
    if progress.trouble:
        assert str(checkpoint) in progress.trouble
        assert path.exists()


def parsed(content: bytes) -> tuple[Config | None, str]:
    """The configuration, or None and what is told of it."""
    try:
        return parse_config(content, "config.yaml"), ""
    except ConfigError as error:
        return None, str(error)


NAMES = st.sampled_from(
    ["..", ".", "/", "\\", "%2e%2e", "~", "$(reboot)", "`id`", "\u202e", "\n", "a" * 10_000, "\x00"]
) | st.text(max_size=20)


@here
@given(parts=st.lists(NAMES, min_size=1, max_size=4))
def test_no_symbol_of_a_configuration_leads_out_of_its_directory(parts: list[str]) -> None:
    document = {"exchanges": {"binance": {"symbols": ["".join(parts)]}}}
    config, told = parsed(yaml.safe_dump(document, allow_unicode=False).encode())
    assert len(told) < 2_000
    if config is None:
        return
    (symbol,) = config.exchanges["binance"].symbols or ()
    assert ".." not in symbol
    assert symbol.isprintable()
    assert not set(symbol) & set("/\\\0\n ")


@pytest.mark.parametrize(
    "bomb",
    [
        b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nexchanges: *c\n",
        b"exchanges: " + b"[" * 50_000,
        b"exchanges: " + b"{a: " * 50_000,
        b"exchanges: !!python/object/apply:os.system ['true']\n",
        b"exchanges: {binance: {symbols: [" + b"A," * 20_000 + b"A]}}\n",
        b"%YAML 9.9\n---\nexchanges: {}\n",
    ],
    ids=["aliases", "lists", "mappings", "python", "wide", "directive"],
)
def test_a_bomb_of_yaml_is_refused_in_a_word(bomb: bytes) -> None:
    config, told = parsed(bomb)
    if config is None:
        assert told.startswith("config.yaml")
    else:  # wide, and still a list of one symbol
        assert config.exchanges["binance"].symbols == ("A",)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/exchange=binance/date=2026-01-01/trade-1.parquet",
        "trades/exchange=../date=2026-01-01/trade-0000000000000000001.parquet",
        "trades/exchange=binance/date=2026-01-01/..-0000000000000000001.parquet",
        "trades/exchange=binance/date=../trade-0000000000000000001.parquet",
    ],
)
def test_a_file_with_a_hostile_name_is_nothing_of_ours(tmp_path: Path, name: str) -> None:
    assert TableFile.from_path(Path(name)) is None
    assert SegmentId.from_sealed(Path(name)) is None


def test_a_link_to_elsewhere_in_tables_is_not_uploaded(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    secret = tmp_path / "secret"
    secret.write_bytes(b"not for the lake")
    link = layout.tables(READY) / TableFile("trades", "2026-11-24", SEGMENT).path
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    planned: Any = plan_uploads(layout, include_raw=False)
    assert [upload.source for upload in planned] in ([], [link])  # only who may write data_dir can make one
