from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from daedalus.store import NORMALIZED, READY, SYNCED, Layout, Partition, RawRecord, SegmentId, move
from daedalus.store.files import make_directories
from daedalus.store.left_behind import find_left_behind
from daedalus.store.raw import DAMAGE
from daedalus.store.seal import ROW_GROUP_BYTES, SealCancelled, seal
from daedalus.store.segment import Segment

Row = Callable[..., RawRecord]


@pytest.fixture
def active(layout: Layout, row: Row) -> Callable[..., SegmentId]:
    """Makes an active file of batches of ten rows, with damaged bytes at its end if asked."""

    def make(batches: int = 3, tail: bytes = b"") -> SegmentId:
        make_directories(layout.active)
        segment = Segment(layout.active, SegmentId(Partition("binance", "trade"), row(0).recv_ns))
        for batch in range(batches):
            segment.append([row(10 * batch + n) for n in range(10)])
        segment.sync()
        with open(segment.path, "ab") as file:
            file.write(tail)
        return segment.id

    return make


def parquet(layout: Layout, segment: SegmentId, state: str = READY) -> Path:
    return layout.raw(state) / segment.sealed_path


def damage_of(layout: Layout, segment: SegmentId) -> bytes | None:
    footer = pq.read_metadata(parquet(layout, segment)).metadata or {}
    return footer.get(DAMAGE.encode())


def test_a_sealed_file_holds_the_rows_in_order_and_byte_for_byte(
    layout: Layout, active: Any, row: Row, ready_rows: Any
) -> None:
    segment = active()
    sealed = seal(layout, segment)
    assert ready_rows(layout) == [row(seq) for seq in range(30)]
    assert damage_of(layout, segment) is None
    assert (sealed.rows, sealed.newest_ns, sealed.damaged) == (30, row(29).recv_ns, ())
    assert list(layout.active.iterdir()) == []


def test_a_sealed_file_lies_in_the_directory_of_its_hour(layout: Layout, active: Any) -> None:
    segment = active()
    seal(layout, segment)
    assert parquet(layout, segment).parent.name == "hour=14"
    assert layout.raw_segments(READY) == [segment]


def test_a_sealed_file_can_be_searched_and_checked(layout: Layout, active: Any, row: Row) -> None:
    segment = active()
    seal(layout, segment)
    columns = pq.read_metadata(parquet(layout, segment)).row_group(0)
    by_name = {columns.column(i).path_in_schema: columns.column(i) for i in range(columns.num_columns)}
    statistics = by_name["recv_ns"].statistics
    assert statistics is not None
    assert (statistics.min, statistics.max) == (row(0).recv_ns, row(29).recv_ns)
    assert by_name["payload"].statistics is None
    assert {column.compression for column in by_name.values()} == {"ZSTD"}
    assert "DELTA_BINARY_PACKED" in by_name["seq"].encodings
    pq.ParquetFile(parquet(layout, segment), page_checksum_verification=True).read()
    data = bytearray(parquet(layout, segment).read_bytes())
    data[by_name["payload"].data_page_offset + 60] ^= 1
    parquet(layout, segment).write_bytes(data)
    with pytest.raises(OSError, match=r"(?i)checksum|crc"):
        pq.ParquetFile(parquet(layout, segment), page_checksum_verification=True).read()


def test_the_same_active_file_gives_the_same_bytes(layout: Layout, active: Any) -> None:
    segment = active(50)
    content = (layout.active / segment.active_name).read_bytes()
    seal(layout, segment)
    first = parquet(layout, segment).read_bytes()
    parquet(layout, segment).unlink()
    (layout.active / segment.active_name).write_bytes(content)
    seal(layout, segment)
    assert parquet(layout, segment).read_bytes() == first


def test_files_and_directories_are_not_open_to_everybody(layout: Layout, active: Any) -> None:
    segment = active(tail=b"torn")
    before = os.umask(0)
    try:
        kept = seal(layout, segment).damaged[0]
    finally:
        os.umask(before)
    assert stat.S_IMODE(parquet(layout, segment).stat().st_mode) == 0o640
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert stat.S_IMODE(parquet(layout, segment).parent.stat().st_mode) == 0o750


@pytest.mark.parametrize("state", [READY, NORMALIZED, SYNCED])
def test_a_file_that_was_sealed_already_is_not_sealed_again(layout: Layout, active: Any, state: str) -> None:
    segment = active()
    content = (layout.active / segment.active_name).read_bytes()
    seal(layout, segment)
    if state != READY:
        move(parquet(layout, segment), parquet(layout, segment, state))
    (layout.active / segment.active_name).write_bytes(content)
    assert seal(layout, segment).rows == 0
    assert layout.states_of(segment) == [state]
    assert list(layout.active.iterdir()) == []


def test_a_file_that_holds_nothing_leaves_no_sealed_file(layout: Layout, active: Any) -> None:
    segment = active(0)
    seal(layout, segment)
    assert layout.raw_segments(READY) == []
    assert list(layout.active.iterdir()) == []


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"\xff\xff\xff\xff" * 9], ids=["zeros", "ones"])
def test_a_file_without_a_whole_batch_leaves_its_bytes_and_the_word_that_there_was_something(
    layout: Layout, active: Any, ready_rows: Any, tail: bytes
) -> None:
    segment = active(0, tail)
    sealed = seal(layout, segment)
    assert ready_rows(layout) == []
    assert damage_of(layout, segment) == b"[0]"
    assert list(layout.active.iterdir()) == []
    assert [path.read_bytes() for path in sealed.damaged] == [tail]


def test_a_file_that_somebody_deleted_leaves_the_word_that_it_was_there(
    layout: Layout, active: Any, ready_rows: Any, caplog: pytest.LogCaptureFixture
) -> None:
    segment = active()
    shutil.rmtree(layout.active)
    assert seal(layout, segment).gone
    assert ready_rows(layout) == []
    assert damage_of(layout, segment) == b"[0]"
    assert "was deleted before it could be sealed" in caplog.text


def test_a_torn_tail_is_kept_with_its_place_in_its_name(layout: Layout, active: Any) -> None:
    segment = active(2)
    size = (layout.active / segment.active_name).stat().st_size
    with open(layout.active / segment.active_name, "ab") as file:
        file.write(b"half a batch")
    (kept,) = seal(layout, segment).damaged
    assert kept == layout.damaged / f"{segment.active_name}.{size}.tail"
    assert kept.read_bytes() == b"half a batch"


def test_batches_behind_damage_are_sealed_too(layout: Layout, active: Any, ready_rows: Any) -> None:
    segment = active(3)
    path = layout.active / segment.active_name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    sealed = seal(layout, segment)
    assert [row.seq for row in ready_rows(layout)] == [*range(10), *range(20, 30)]
    assert len(sealed.damaged) == 1
    assert damage_of(layout, segment) == b"[10]"


def recover(layout: Layout) -> None:
    for segment in find_left_behind(layout, "binance"):
        seal(layout, segment)


def test_a_crash_at_any_step_loses_nothing_and_doubles_nothing(
    tmp_path: Path, row: Row, crash_at: Any, ready_rows: Any
) -> None:
    for step in range(1, 100):
        layout = Layout(tmp_path / str(step))
        make_directories(layout.active)
        segment = Segment(layout.active, SegmentId(Partition("binance", "trade"), row(0).recv_ns))
        segment.append([row(0), row(1)])
        segment.sync()
        with open(segment.path, "ab") as file:
            file.write(b"torn")
        with crash_at(step) as crashed:
            recover(layout)
        with crash_at(step) as crashed_again:
            recover(layout)
        recover(layout)
        assert ready_rows(layout) == [row(0), row(1)]
        assert [path.read_bytes() for path in layout.damaged.iterdir()] == [b"torn"]
        assert list(layout.active.iterdir()) == []
        if not crashed() and not crashed_again():
            break
    else:
        pytest.fail("sealing has more steps than this test tries")
    assert step > 10


def test_a_disk_that_is_full_while_sealing_keeps_the_active_file(
    small_disk: Path, row: Row, ready_rows: Any
) -> None:
    layout = Layout(small_disk)
    make_directories(layout.active)
    segment = Segment(layout.active, SegmentId(Partition("binance", "trade"), row(0).recv_ns))
    rows = [row(seq, payload=os.urandom(10_000)) for seq in range(70)]
    for one in rows:
        segment.append([one])
    segment.close()
    with pytest.raises(OSError, match="No space left"):
        seal(layout, segment.id)
    assert [path.name for path in layout.active.iterdir()] == [segment.id.active_name]
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    seal(layout, segment.id)
    assert ready_rows(layout) == rows


def test_sealing_that_is_cancelled_leaves_the_active_file_alone(layout: Layout, active: Any) -> None:
    segment = active()
    with pytest.raises(SealCancelled):
        seal(layout, segment, cancelled=lambda: True)
    assert [path.name for path in layout.active.iterdir()] == [segment.active_name]
    assert layout.raw_segments(READY) == []


def test_sealing_needs_memory_for_a_row_group_not_for_the_file(layout: Layout, row: Row) -> None:
    make_directories(layout.active)
    segment = Segment(layout.active, SegmentId(Partition("binance", "trade"), row(0).recv_ns))
    block = os.urandom(1_000_000)
    while segment.size < 12 * ROW_GROUP_BYTES:
        segment.append([row(seq, payload=block[seq:]) for seq in range(4)])
        segment.sync()
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from daedalus.store import Layout; from daedalus.store.seal import seal\n"
        "layout = Layout(Path(sys.argv[1])); segment = layout.active_segments('binance')[0]\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "seal(layout, segment)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, layout.data_dir], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 60


def test_what_is_no_file_does_not_count_as_the_sealed_one(
    layout: Layout, active: Any, row: Row, ready_rows: Any
) -> None:
    segment = active(1)
    place = layout.raw("normalized") / segment.sealed_path
    place.parent.mkdir(parents=True)
    os.mkfifo(place)
    seal(layout, segment)
    assert ready_rows(layout) == [row(seq) for seq in range(10)]


def test_nothing_is_written_through_what_stands_where_sealing_writes(
    layout: Layout, active: Any, row: Row, ready_rows: Any, tmp_path: Path
) -> None:
    segment = active(1)
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (layout.active / segment.active_name).with_suffix(".parquet").symlink_to(precious)
    seal(layout, segment)
    assert ready_rows(layout) == [row(seq) for seq in range(10)]
    assert precious.read_bytes() == b"precious"


def test_an_active_file_that_became_a_pipe_is_not_waited_for(layout: Layout, active: Any) -> None:
    segment = active()
    path = layout.active / segment.active_name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="a pipe stands"):
        seal(layout, segment)
