"""The ingest worker: one process that records one exchange until it is told to stop.

It puts the parts together (connections, snapshots, the storage thread) and stops within ten seconds with
everything sealed. If it is killed it loses at most one flush interval, and the next start writes the cause
into the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from .. import host
from ..config import Config
from ..errors import FAILED
from ..exchanges import EXCHANGES
from ..exchanges.model import ConnectionPlan, Subscription
from ..store import Layout, StreamingParquetWriter
from ..worker.shell import Shell
from ..worker.signals import STOP_SECONDS, StopEvent
from ..worker.start import Launch
from ..worker.status import IngestStatus, UnreadableStatus, read_status
from .connections import Connections
from .counters import Counters, Meter
from .coverage import Start
from .gaps.backfill import Backfill
from .gaps.catch_up import CatchUp
from .gaps.pending import PendingGaps
from .journal import Journal
from .last_run import KeptUntil, start_after
from .recorder_state import RecorderState
from .report import Reporter
from .rest.client import RestClient
from .rest.instruments import Instruments
from .rest.snapshots import Snapshots
from .session.session import Session
from .storage_thread import StorageThread, limits_of
from .tasks import Tasks, unless

__all__ = ["run_ingest"]

log = logging.getLogger("daedalus.ingest")

SEAL_SECONDS = STOP_SECONDS - 3.0
"""The rest of the time in which the worker must stop is for the exchange's closing handshake."""


def run_ingest(config: Config, exchange: str, launch: Launch, stats_interval: float | None = None) -> int:
    """Record ``exchange`` until the worker is told to stop; the exit code: 0, or 1 after an error of our own.

    ``stats_interval``: seconds between two lines of figures on stdout; None: none. Raises
    `AlreadyRunningError` where another recorder has the exchange's files open.
    """
    shell = Shell(Layout(config.data_dir), f"ingest-{exchange}", launch.setup, launch.stop)
    with shell, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_record(config, shell, exchange, launch.stop, stats_interval))


async def _record(
    config: Config, shell: Shell, exchange: str, asked: StopEvent, stats_interval: float | None
) -> int:
    """Make the run on the event loop that is to run it."""
    return await _Ingest(config, shell, exchange).run(asked, stats_interval)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not on every platform; the loop of asyncio takes twice the CPU
        return None
    return uvloop.new_event_loop


def _heartbeat(alive: Callable[[str], None], storage: StorageThread) -> Callable[[str], None]:
    """Passes a line on to ``alive`` only if the storage thread has moved since the last one.

    The event loop calls it: so systemd hears nothing where either of the two hangs.
    """
    seen = 0

    def beat(line: str) -> None:
        nonlocal seen
        if storage.turns != seen:
            seen = storage.turns
            alive(line)

    return beat


class _Ingest:
    """One run, made on its event loop: `run` starts, serves until it is told to stop, and stops."""

    def __init__(self, config: Config, shell: Shell, name: str) -> None:
        settings, exchange = config.exchanges[name], EXCHANGES[name]
        writer = config.writer
        self._begun_ns = time.time_ns()
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tasks = Tasks(self._stop.set)
        self._shell = shell
        self._settings = settings
        self._exchange = exchange
        self._layout = layout = shell.layout
        self._wanted = settings.subscriptions()
        self._subscriptions: list[Subscription] = []
        self._writer = StreamingParquetWriter(layout, name, limits_of(writer))
        self._rest = rest = RestClient(settings.rest_url or exchange.rest_url, exchange.rest_limit)
        self._conn_prefix = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self._conn_count = 0
        counters = Counters()
        journal = Journal(f"{self._conn_prefix}-rest", self._writer.append)
        self._snapshots = Snapshots(exchange, rest, counters)
        self._backfill = Backfill(exchange, rest, journal, counters)
        self._recorder = RecorderState(
            exchange,
            self._writer,
            counters,
            self._backfill.ask,
            queue_maxsize=writer.queue_maxsize,
            batch_size=writer.batch_size,
        )
        self._catch_up = CatchUp(
            exchange, self._recorder.continuity, self._recorder.coverage, self._backfill.ask
        )
        self._instruments = Instruments(exchange, rest, journal, layout)
        self._reporter = Reporter(shell, self._recorder, self._writer)
        self._storage = StorageThread(self._writer, self._recorder.backpressure.wake, self._after_turn)
        self._connections = Connections(exchange, settings, self._recorder, self._session, self._tasks.keep)
        self._unfilled = PendingGaps(layout.status, shell.process.worker)

    async def run(self, asked: StopEvent, stats_interval: float | None) -> int:
        """Record until ``asked`` is set or a part has failed; the exit code."""
        asked.when_set(self._stop_soon)
        start = await self._start()
        await self._serve(start, stats_interval)
        await self._stop.wait()
        return await self._seal()

    # Start

    async def _start(self) -> Start:
        """Take over from the last run, and learn which symbols the exchange lists."""
        start = await asyncio.to_thread(self._take_over)
        self._storage.start()
        await unless(self._stop, self._leave_out_unknown())
        return start

    def _take_over(self) -> Start:
        """Recover the active files that the last run left, and see why it ended."""
        last = read_status(self._layout.status, self._shell.process.worker)
        if isinstance(last, UnreadableStatus):
            log.warning("how the last run ended is not known: %s", last.why)
        left = self._writer.recover()
        if not os.access(self._layout.active, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self._layout.active))
        last = last if isinstance(last, IngestStatus) else None
        start = start_after(last, host.boot_id(), left=bool(left))
        if start.cause in ("crash", "power"):
            log.warning("the last run did not end in good order: %s", start.cause)
        return start

    async def _leave_out_unknown(self) -> None:
        """Leave out the symbols that the exchange does not list, until it does."""
        missing = await self._instruments.check({each.symbol for each in self._wanted})
        for each in missing.values():
            log.error("%s: %s; it is left out until it is listed", self._exchange.name, each)
        self._expect(missing)

    def _expect(self, missing: dict[str, str]) -> list[Subscription]:
        """Note why symbols are missing; returns the streams that are recorded from now on."""
        served = set(self._subscriptions)
        self._subscriptions = [each for each in self._wanted if each.symbol not in missing]
        self._reporter.expect(len(self._subscriptions), tuple(missing.values()))
        return [each for each in self._subscriptions if each not in served]

    # Serve

    async def _serve(self, start: Start, stats_interval: float | None) -> None:
        """Set everything to work. An exchange that is down must not fail the start."""
        self._connect(self._subscriptions, start)
        for gap in await asyncio.to_thread(self._unfilled.load, set(self._wanted)):
            self._backfill.ask(gap)
        beat = _heartbeat(self._shell.alive, self._storage)
        status_due = self._recorder.coverage.status_due
        for part in (
            self._unfilled.keep(self._backfill.pending),
            self._snapshots.run(),
            self._backfill.run(),
            self._recorder.gaps.run(),
            self._instruments.keep(self._connect_listed),
            self._reporter.keep_status(beat, status_due, self._kept(start)),
        ):
            self._tasks.keep(part)
        if stats_interval is not None:
            self._tasks.keep(self._reporter.print_lines(stats_interval, partial(print, flush=True)))
        streams, connections = len(self._subscriptions), len(self._connections)
        log.info("recording %s: %d streams on %d connections", self._exchange.name, streams, connections)
        self._shell.ready(f"recording {streams} streams")

    def _connect(self, streams: Sequence[Subscription], start: Start) -> None:
        """Record these streams too, and fetch what was missed of them before."""
        self._recorder.coverage.expect(streams)
        self._connections.open(streams, start)
        self._tasks.begin(self._catch_up.run(self._layout, streams, before_ns=self._begun_ns))

    def _connect_listed(self, missing: dict[str, str]) -> None:
        """Record the symbols that the exchange has listed since the start; ``missing``: those it has not."""
        streams = self._expect(missing)
        names = ", ".join(dict.fromkeys(each.symbol for each in streams))
        log.info("%s: listed by now, and recorded from now on: %s", self._exchange.name, names)
        self._connect(streams, Start("start"))  # the ledger knows the past of one that was recorded before

    def _session(self, plan: ConnectionPlan, patience: float) -> Session:
        conn = f"{self._conn_prefix}-{self._conn_count}"
        self._conn_count += 1
        return Session(plan, conn, self._recorder, self._snapshots.ask, patience)

    def _kept(self, start: Start) -> Callable[[int], int]:
        """Given the time of the last flush, until when everything received is on the disk (UTC ns)."""
        kept = KeptUntil(start.since_ns or 0)

        def until(flushed_ns: int) -> int:
            now_ns = time.time_ns()
            heard_ns = self._recorder.backpressure.heard_ns(now_ns)
            if not self._recorder.coverage.all_asked and start.since_ns is not None:
                heard_ns = min(heard_ns, start.since_ns)  # the last run was the last to record them
            kept.mark(now_ns, heard_ns)
            return kept.until(flushed_ns)

        return until

    def _after_turn(self) -> None:
        """Called by the storage thread after each of its turns."""
        if self._recorder.backpressure.paused:
            self._soon(self._recorder.backpressure.written)
        if self._storage.error is not None:
            self._stop_soon()

    # Stop

    def _stop_soon(self) -> None:
        """Called by any thread."""
        self._soon(self._stop.set)

    def _soon(self, call: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call)

    async def _seal(self) -> int:
        """Close all connections and seal all files; the exit code."""
        log.info("stopping")
        self._shell.stopping("sealing")
        failed = self._tasks.failed()
        pending = self._backfill.pending()
        await self._tasks.cancel()
        await self._connections.close("restart", "stopped")
        self._storage.finish(SEAL_SECONDS)
        await self._rest.close()
        await asyncio.to_thread(self._unfilled.save, pending)
        await asyncio.to_thread(self._storage.join)
        now = time.monotonic()
        self._reporter.write("stopped", Meter(self._recorder.counters, now).read(now))
        self._log_unsealed()
        return FAILED if self._storage.error is not None or failed else 0

    def _log_unsealed(self) -> None:
        closing = self._storage.closing
        if closing is not None and closing.lost:
            log.error("%d rows could not be written: %s", closing.lost, closing.reason)
        elif closing is not None and closing.unsealed:
            reason = closing.reason or f"{SEAL_SECONDS:.0f} s were not enough"
            log.warning("%d segments are sealed at the next start: %s", len(closing.unsealed), reason)
