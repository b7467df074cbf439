"""Disks that are full, out of inodes, slow, dying, cut off from power, or swept by somebody."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from faults.account import Close
from faults.disks import a_disk, a_medium, resize
from faults.exchange import Exchange, an_exchange
from faults.recorder import Tried

LOG_SECONDS = 60.0
"""The same trouble is told once in so long."""


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with an_exchange(rate=400) as made:
        yield made


def recorder_on(
    folder: Path, aside: Path, exchange: Exchange, recorders: list[Tried], **writer: float
) -> Tried:
    """A recorder whose data lie on the disk, and whose log does not."""
    recorder = Tried(folder / "recorder", exchange.port, **writer)
    recorder.log = aside / "ingest.log"
    recorders.append(recorder)
    return recorder


def test_a_disk_that_was_full_and_has_room_again_has_no_gap(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    rounds = 8 if long else 1
    with a_disk(tmp_path, 60) as disk:
        recorder = recorder_on(disk.folder, tmp_path, exchange, recorders)
        recorder.round()
        for number in range(1, rounds + 1):
            ballast = disk.fill(leave=100_000)
            recorder.until_said("recording is held up", more_than=number - 1)
            time.sleep(2)
            ballast.unlink()
            recorder.until_said("recording goes on", more_than=number - 1)
            recorder.until_recording(time.time_ns())
            time.sleep(LOG_SECONDS if number < rounds else 0)
        recorder.stop()
        account = close_account("the disk is full, then freed", exchange, recorder, rounds=rounds)
    assert account.causes.keys() <= {"overflow"}


@pytest.mark.long
def test_a_disk_without_inodes_holds_rows_back_until_there_are_some(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close
) -> None:
    rounds = 5
    with a_disk(tmp_path, 60, "-N", "600") as disk:
        recorder = recorder_on(disk.folder, tmp_path, exchange, recorders)
        recorder.round()
        for number in range(1, rounds + 1):
            small = disk.use_up_inodes(leave=0)
            recorder.until_said("recording is held up", more_than=number - 1)
            time.sleep(2)
            shutil.rmtree(small)
            recorder.until_said("recording goes on", more_than=number - 1)
            recorder.until_recording(time.time_ns())
            time.sleep(LOG_SECONDS if number < rounds else 0)
        recorder.stop()
        account = close_account("inodes are used up, then freed", exchange, recorder, rounds=rounds)
    assert account.causes.keys() <= {"overflow"}


def test_a_power_cut_loses_what_was_not_yet_durable_and_nothing_in_silence(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    rounds = 20 if long else 1
    with a_disk(tmp_path, 100) as disk:
        recorder = recorder_on(disk.folder, tmp_path, exchange, recorders)
        for _ in range(rounds):
            recorder.round()
            recorder.until("durable_ns", time.time_ns())
            disk.cut_power()
            recorder.kill()
            disk.unmount()
            disk.mount()
        recorder.round()
        recorder.stop()
        close_account("power is cut under the file system", exchange, recorder, rounds=rounds)


@pytest.mark.parametrize(
    "call", ["pwrite", *(pytest.param(each, marks=pytest.mark.long) for each in ("fdatasync", "open"))]
)
def test_a_disk_that_fails_for_a_while_costs_nothing(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close, call: str, long: bool
) -> None:
    times = 6 if long else 3
    recorder = recorder_on(tmp_path, tmp_path, exchange, recorders)
    path = "*.arrows"
    recorder.start([{"call": call, "path": path, "number": 12, "times": times, "do": "EIO"}])
    recorder.until_said("the disk failed at")
    recorder.until_said("recording goes on")
    recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account(f"{call} fails with EIO {'six' if long else 'three'} times", exchange, recorder)
    assert account.causes.keys() <= {"overflow"}


def test_a_batch_torn_by_a_failing_write_is_taken_back(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close
) -> None:
    recorder = recorder_on(tmp_path, tmp_path, exchange, recorders)
    torn = {"call": "pwrite", "path": "*.arrows", "moment": "half", "times": 3, "do": "EIO"}
    recorder.start([{**torn, "number": 10}])
    recorder.until_said("recording goes on")
    recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account("half a batch is written, then EIO", exchange, recorder)
    assert account.causes.keys() <= {"overflow"}


def test_a_medium_whose_write_back_fails_costs_nothing_once_it_works_again(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close
) -> None:
    # The kernel takes the bytes and finds out later that the medium does not; fsync alone tells.
    with a_medium(tmp_path, 12) as medium, a_disk(medium, 200, "-O", "^has_journal") as disk:
        recorder = recorder_on(disk.folder, tmp_path, exchange, recorders, segment_max_mb=50)
        recorder.round()
        ballast = medium / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(medium).free))
        recorder.until_said("recording is held up")
        time.sleep(2)
        ballast.unlink()
        resize(medium, 300)
        recorder.until_said("recording goes on")
        recorder.until_recording(time.time_ns())
        recorder.stop()
        account = close_account("write-back fails, fsync tells", exchange, recorder)
    assert account.causes.keys() <= {"overflow"}


def test_a_disk_that_takes_seconds_for_each_fsync_loses_nothing(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    seconds, messages = (1.5, 5_000) if long else (0.5, 1_000)
    recorder = recorder_on(tmp_path, tmp_path, exchange, recorders)
    slow = [{"call": call, "times": 0, "do": f"sleep:{seconds}"} for call in ("fsync", "fdatasync")]
    recorder.start(slow)
    recorder.until("durable_ns", 1)
    recorder.until("messages", messages)
    assert recorder.figure("reconnects") == 0
    recorder.stop()  # what could not be sealed in time waits for the next start
    recorder.round()
    recorder.stop()
    account = close_account(f"each fsync takes {seconds} s", exchange, recorder)
    assert account.causes.keys() <= {"restart"}


@pytest.mark.parametrize("what", ["raw/active", pytest.param("raw/ready", marks=pytest.mark.long)])
def test_a_directory_deleted_under_way_is_told_and_recording_goes_on(
    tmp_path: Path, recorders: list[Tried], close_account: Close, what: str
) -> None:
    with an_exchange(rate=1500) as exchange:
        sweep(exchange, recorder_on(tmp_path, tmp_path, exchange, recorders), close_account, what)


def sweep(exchange: Exchange, recorder: Tried, close_account: Close, what: str) -> None:
    """Delete that directory while it records."""
    # Of a sealed file that somebody deletes nothing is left to tell of it, where there are no ids.
    if what != "raw/active":
        recorder.settings["exchanges"]["binance"]["channels"] = ["trade", "aggTrade", "depth"]
        recorder.write_config()
    recorder.round()
    recorder.until("sealed_segments", 4)
    assert recorder.run_worker("normalize", "--once") == 0  # what comes later has something to follow on
    recorder.until("sealed_segments", 3, new=True)
    shutil.rmtree(recorder.data / what, ignore_errors=True)
    recorder.until("sealed_segments", 4, new=True)
    recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account(f"{what} is deleted under way", exchange, recorder)
    assert account.told


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "cut":
        data = data[: len(data) // 2]
    elif how == "empty":
        data.clear()
    elif how == "zeros":
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    else:
        data[len(data) // 3] ^= 0x10
    path.write_bytes(data)


HOW = ("cut", "empty", "zeros", "bit")


@pytest.mark.parametrize("state", ["active", "ready"])
def test_files_damaged_at_any_place_are_set_aside_and_in_the_ledger(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], close_account: Close, state: str, long: bool
) -> None:
    recorder = recorder_on(tmp_path, tmp_path, exchange, recorders)
    recorder.round()
    recorder.stop()
    assert recorder.run_worker("normalize", "--once") == 0  # what comes later has something to follow on
    rounds = 4 if long else 1
    for _ in range(rounds):
        recorder.round()
        recorder.until("messages", 3_000 if long else 1_000)
        if state == "active":
            recorder.kill()
            files = sorted((recorder.data / "raw" / "active").glob("*.arrows"))
        else:
            recorder.stop()
            folders = sorted((recorder.data / "raw" / "ready").glob("*/channel=[tb]*"))
            files = [sorted(folder.rglob("*.parquet"))[0] for folder in folders]
        for position, path in enumerate(files):
            damage(path, HOW[position % len(HOW)])
    recorder.round()
    recorder.stop()
    close_account(f"files in raw/{state} are damaged", exchange, recorder, rounds=rounds)
    assert any((recorder.data / "raw" / "damaged").iterdir())


def test_a_damaged_table_is_noticed_by_its_reader_and_made_again_from_raw(
    tmp_path: Path, exchange: Exchange, recorders: list[Tried], measured: Any
) -> None:
    recorder = recorder_on(tmp_path, tmp_path, exchange, recorders)
    recorder.round()
    recorder.stop()
    assert recorder.run_worker("normalize", "--once") == 0
    path = max(
        (recorder.data / "tables" / "ready" / "trades").rglob("*.parquet"), key=lambda p: p.stat().st_size
    )
    whole = path.read_bytes()
    table = pq.read_table(path, partitioning=None)
    places = range(8, len(whole) - 8, max(1, len(whole) // 200))
    noticed = harmless = 0
    for place in places:
        data = bytearray(whole)
        data[place] ^= 0x40
        path.write_bytes(data)
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                harmless += file.read().equals(table)  # in a header's statistics, say
        except Exception:
            noticed += 1
    # The data of a page have a checksum; Parquet's own headers and its footer have none.
    assert noticed > len(places) / 2
    path.unlink()
    raw = recorder.data / "raw"
    for each in sorted((raw / "normalized").rglob("*.parquet")):
        back = raw / "ready" / each.relative_to(raw / "normalized")
        back.parent.mkdir(parents=True, exist_ok=True)
        each.rename(back)
    shutil.rmtree(recorder.data / "tables")
    assert recorder.run_worker("normalize", "--once") == 0
    assert path.read_bytes() == whole
    measured(
        "a bit of a table file is flipped",
        rounds=len(places),
        noticed=noticed,
        harmless=harmless,
        misread=len(places) - noticed - harmless,
    )
