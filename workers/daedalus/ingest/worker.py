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
from collections.abc import Callable, Coroutine, Iterable, Sequence
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
        return runner.run(_Ingest(config, shell, exchange).run(launch.stop, stats_interval))


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


async def _unless(stop: asyncio.Event, coroutine: Coroutine[None, None, None]) -> None:
    """Wait for something, at most until ``stop`` is set."""
    work, stopping = asyncio.ensure_future(coroutine), asyncio.ensure_future(stop.wait())
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not work.done():
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return
    work.result()


def _failures(tasks: Iterable[asyncio.Task[None]]) -> bool:
    """Whether one has ended by a bug: none ends by itself. A restart cures it."""
    errors = [task.exception() for task in tasks if task.done() and not task.cancelled()]
    for error in errors:
        log.error("a part of the recorder failed", exc_info=error)
    return bool(errors)


class _Ingest:
    def __init__(self, config: Config, shell: Shell, name: str) -> None:
        settings, exchange = config.exchanges[name], EXCHANGES[name]
        writer = config.writer
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

    async def run(self, asked: StopEvent, stats_interval: float | None) -> int:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def stop_soon() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(stop.set)

        asked.when_set(stop_soon)
        begun_ns = time.time_ns()
        start = await asyncio.to_thread(self._take_over)

        def after_turn() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                if self._recorder.backpressure.paused:
                    loop.call_soon_threadsafe(self._recorder.backpressure.written)
            if storage.error is not None:
                stop_soon()

        storage = StorageThread(self._writer, self._recorder.backpressure.wake, after_turn)
        storage.start()
        await _unless(stop, self._leave_out_unknown())
        tasks: list[asyncio.Task[None]] = []
        catching_up: list[asyncio.Task[None]] = []

        def spawn(coroutine: Coroutine[None, None, None]) -> None:
            task = loop.create_task(coroutine)
            task.add_done_callback(lambda _: stop.set())  # none ever ends by itself
            tasks.append(task)

        connections = Connections(self._exchange, self._settings, self._recorder, self._session, spawn)

        def serve(streams: Sequence[Subscription], start: Start) -> None:
            self._recorder.coverage.expect(streams)
            connections.open(streams, start)
            catch_up = self._catch_up.run(self._layout, streams, before_ns=begun_ns)
            catching_up.append(loop.create_task(catch_up))

        def listed(missing: dict[str, str]) -> None:
            streams = self._expect(missing)
            names = ", ".join(dict.fromkeys(each.symbol for each in streams))
            log.info("%s: listed by now, and recorded from now on: %s", self._exchange.name, names)
            serve(streams, Start("start"))  # the ledger knows the past of a symbol that was recorded before

        serve(self._subscriptions, start)
        unfilled = PendingGaps(self._layout.status, self._shell.process.worker)
        for gap in await asyncio.to_thread(unfilled.load, set(self._wanted)):
            self._backfill.ask(gap)
        beat = _heartbeat(self._shell.alive, storage)
        for coroutine in (
            unfilled.keep(self._backfill.pending),
            self._snapshots.run(),
            self._backfill.run(),
            self._recorder.gaps.run(),
            self._instruments.keep(listed),
            self._reporter.keep_status(beat, self._recorder.coverage.status_due, self._kept(start)),
        ):
            spawn(coroutine)
        if stats_interval is not None:
            spawn(self._reporter.print_lines(stats_interval, partial(print, flush=True)))
        streams = len(self._subscriptions)
        log.info("recording %s: %d streams on %d connections", self._exchange.name, streams, len(connections))
        self._shell.ready(f"recording {streams} streams")  # an exchange that is down must not fail the start

        await stop.wait()
        log.info("stopping")
        self._shell.stopping("sealing")
        failed = _failures(tasks)
        pending = self._backfill.pending()
        for task in (*tasks, *catching_up):
            task.cancel()
        await asyncio.gather(*tasks, *catching_up, return_exceptions=True)
        await connections.close("restart", "stopped")
        storage.finish(SEAL_SECONDS)
        await self._rest.close()
        await asyncio.to_thread(unfilled.save, pending)
        await asyncio.to_thread(storage.join)
        self._reporter.write(
            "stopped", Meter(self._recorder.counters, time.monotonic()).read(time.monotonic())
        )
        closing = storage.closing
        if closing is not None and closing.lost:
            log.error("%d rows could not be written: %s", closing.lost, closing.reason)
        elif closing is not None and closing.unsealed:
            reason = closing.reason or f"{SEAL_SECONDS:.0f} s were not enough"
            log.warning("%d segments are sealed at the next start: %s", len(closing.unsealed), reason)
        return FAILED if storage.error is not None or failed else 0

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

    def _session(self, plan: ConnectionPlan, patience: float) -> Session:
        conn = f"{self._conn_prefix}-{self._conn_count}"
        self._conn_count += 1
        return Session(plan, conn, self._recorder, self._snapshots.ask, patience)
