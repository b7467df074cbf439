from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from daedalus.store import AlreadyRunningError, Layout, WorkerLock

HOLD = (
    "import sys; from pathlib import Path; from daedalus.store import WorkerLock, Layout\n"
    "with WorkerLock(Layout(Path(sys.argv[1])), 'ingest-binance'):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


def test_a_second_worker_is_refused_and_told_who_is_there(layout: Layout) -> None:
    command = [sys.executable, "-c", HOLD, str(layout.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(AlreadyRunningError, match=f"binance.*pid {holder.pid}"),
            WorkerLock(layout, "ingest-binance"),
        ):
            pass
        holder.kill()
        holder.wait()
    with WorkerLock(layout, "ingest-binance"):
        assert (layout.status / ".ingest-binance.lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("deleted", ["status", "the lock in data_dir"])
def test_deleting_what_lies_in_data_dir_lets_no_second_worker_in(layout: Layout, deleted: str) -> None:
    command = [sys.executable, "-c", HOLD, str(layout.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        if deleted == "status":
            shutil.rmtree(layout.status)
        else:
            (layout.data_dir / ".ingest-binance.lock").unlink()
        for _ in range(2):  # the first attempt makes the directory anew
            with (
                pytest.raises(AlreadyRunningError, match=f"pid {holder.pid}"),
                WorkerLock(layout, "ingest-binance"),
            ):
                pass
        holder.kill()
        holder.wait()
    with WorkerLock(layout, "ingest-binance"):
        pass


def test_a_lock_that_is_no_file_is_not_waited_for(layout: Layout) -> None:
    layout.status.mkdir(parents=True)
    os.mkfifo(layout.status / ".ingest-binance.lock")
    with pytest.raises(OSError, match="a pipe stands"), WorkerLock(layout, "ingest-binance"):
        pass


def test_two_workers_share_a_directory(layout: Layout) -> None:
    with WorkerLock(layout, "ingest-binance"), WorkerLock(layout, "ingest-coinbase_exchange"):
        pass


def test_a_lock_that_was_given_back_can_be_taken_again(layout: Layout) -> None:
    for _ in range(2):
        with WorkerLock(layout, "ingest-binance"):
            pass
