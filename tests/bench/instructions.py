"""Instructions per message by valgrind, which no other load on the machine disturbs.

    python instructions.py COUNT        the work itself: from the bytes of the socket to the active file

Two counts, one subtracted from the other, leave out the start. The kernel's part is not in it.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exchange import frame
from messages import messages

__all__ = ["instructions"]

FEW, MANY = 1000, 5000
LIMIT_SECONDS = 400
READ_BYTES = 16 * 1024


def instructions() -> float | None:
    """Instructions per message of the whole path in user space; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    try:
        with ThreadPoolExecutor(2) as pool:  # counted, not timed: both at once
            few, many = pool.map(_counted, (FEW, MANY))
    except (subprocess.SubprocessError, ValueError):
        return None
    return (many - few) / (MANY - FEW)


def _counted(count: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, __file__]
    done = subprocess.run(
        [*command, str(count)],
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise ValueError(done.stderr)
    return int(found[1])


async def receive(count: int, directory: Path) -> None:
    from daedalus.exchanges import EXCHANGES
    from daedalus.exchanges.model import Subscription
    from daedalus.ingest.counters import Counters
    from daedalus.ingest.journal import Journal
    from daedalus.ingest.recorder_state import RecorderState
    from daedalus.ingest.session.book_sync import BookSync
    from daedalus.ingest.session.listener import Listener
    from daedalus.ingest.session.liveness import Liveness
    from daedalus.ingest.session.served_streams import ServedStreams
    from daedalus.ingest.wire.frames import FrameSplitter
    from daedalus.store import Layout, StreamingParquetWriter, WriterLimits

    exchange = EXCHANGES["binance"]
    payloads = messages(MANY)[0]
    # Of all messages, whatever the count: what it takes is subtracted with the start.
    symbols = {exchange.messages.classify(each).symbol for each in payloads}
    # Valgrind's own slowness must not decide how many rows are written at a time.
    limits = WriterLimits(min_free_bytes=0, flush_interval_seconds=math.inf)
    writer = StreamingParquetWriter(Layout(directory), "binance", limits)
    writer.recover()
    recorder = RecorderState(
        exchange, writer, Counters(), lambda _: None, queue_maxsize=10**6, batch_size=1000
    )
    journal = Journal("bench-0", recorder.append)
    listener = Listener(
        recorder,
        journal,
        Liveness(exchange.channels, (), 0.0),
        ServedStreams(recorder.coverage, exchange.channels, journal, (), 0.0),
        BookSync(),
        [Subscription("trade", symbol) for symbol in symbols],
    )
    frames = FrameSplitter(lambda _: None, 2**20)
    stream = b"".join(frame(payload) for payload in payloads[:count])
    now_ns = time.time_ns()  # rows of an hour that is over would be sealed, too
    for start in range(0, len(stream), READ_BYTES):
        whole: list[bytes] = []
        frames.feed(stream[start : start + READ_BYTES], whole)
        for event in listener.receive([now_ns] * len(whole), whole, 0.0):
            raise AssertionError(event)  # these messages call for nothing
        if recorder.backpressure.wake.is_set():
            recorder.backpressure.wake.clear()
            writer.work()
    writer.work()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(receive(int(sys.argv[1]), Path(folder)))
