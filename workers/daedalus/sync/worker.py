"""The worker: pass after pass over the files that wait, and the disk budget before and after each.

Invariants: one sync works on a ``data_dir`` at a time. Nothing that a store or a disk does ends the worker.
Its status is renewed every few seconds; its log tells only what is new.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

from msgspec import Struct

from ..storage.errors import TargetError, TargetErrorKind
from ..storage.open import open_target
from ..storage.settings import public_url
from ..storage.target import Target
from ..store.lake_place import clash
from ..store.layout import Layout
from ..worker.shell import Shell
from ..worker.status import UNTOLD, Setup, State
from .attempts import Attempts
from .known_lake import KnownLake
from .pass_log import PassLog
from .plan import plan_uploads
from .progress import Progress
from .retention import Budget, RetentionReport, apply_retention
from .settings import SyncSettings
from .transfer import TICK_SECONDS, run_pass

__all__ = ["SyncReport", "run_sync", "sync_once"]

WORKER = "sync"
"""The name of the status file."""

PASS_SECONDS = 60.0
"""After this time a pass ends: the next one plans anew and looks at the disk."""

log = logging.getLogger(__name__)


class SyncReport(Struct, frozen=True, kw_only=True):
    """What one `sync_once` did and what is left. ``error``: the last failure in one line, or ""."""

    files_waiting: int
    bytes_waiting: int
    uploaded_files: int
    uploaded_bytes: int
    unchanged_files: int
    replaced_files: int
    last_upload_ns: int
    failures: int
    error: str
    retention: RetentionReport | None


def sync_once(
    layout: Layout,
    settings: SyncSettings,
    *,
    target: Target | None = None,
    stop: Event | None = None,
    setup: Setup = UNTOLD,
) -> SyncReport:
    """Try everything that waits once, then keep the disk budget.

    Raises `TargetError` where the settings make no target, `AlreadyRunningError` where another sync is at
    work.
    """
    _require_own_place(layout, settings)
    target = target or open_target(settings)
    with _shell(layout, settings, stop, setup) as shell:
        run = _Run(shell, settings, target)
        run.once()
        run.say("stopped")
    return run.report()


def run_sync(
    layout: Layout,
    settings: SyncSettings,
    stop: Event,
    *,
    target: Target | None = None,
    setup: Setup = UNTOLD,
) -> None:
    """Keep the target up to date until ``stop`` is set; it then ends within about a second.

    Raises `TargetError` where the settings make no target, `AlreadyRunningError` where another sync is at
    work; whatever fails later is told in the status and tried again.
    """
    _require_own_place(layout, settings)
    target = target or open_target(settings)
    with _shell(layout, settings, stop, setup) as shell:
        log.info("sync of %s to %s", layout.data_dir, target.url)
        run = _Run(shell, settings, target)
        shell.ready()  # a store that is down must not fail the start
        while not stop.is_set():
            run.once(longest_seconds=PASS_SECONDS)
            run.rest()
        run.say("stopped")


def _shell(layout: Layout, settings: SyncSettings, stop: Event | None, setup: Setup) -> Shell:
    return Shell(layout, WORKER, setup, stop, status_seconds=settings.status_seconds)


def _require_own_place(layout: Layout, settings: SyncSettings) -> None:
    """Raise `TargetError` if the lake would lie among the files that retention deletes."""
    if wrong := clash(layout.data_dir, settings.target):
        url = public_url(settings.target)
        problem, _, remedy = wrong.partition(". ")
        raise TargetError(TargetErrorKind.SETTINGS, url, problem, remedy)


class _Run:
    """The state of one run."""

    def __init__(self, shell: Shell, settings: SyncSettings, target: Target) -> None:
        self._shell = shell
        self._layout = shell.layout
        self._settings = settings
        self._target = target
        self._known_lake = KnownLake(shell.layout, target, new_lake=settings.new_lake)
        self._attempts = Attempts(settings.backoff_seconds, settings.backoff_max_seconds)
        self._progress = Progress()
        self._budget = Budget.of(settings)
        self._retention: RetentionReport | None = None
        self._checked = False
        self._more = False
        self._pass_log = PassLog()

    def once(self, *, longest_seconds: float = float("inf")) -> None:
        self._pass_log.begin(self._progress)
        self._keep_budget()  # first: a full disk must not wait for a slow store
        self._more = self._reachable() and run_pass(
            self._layout,
            self._target,
            self._settings,
            self._attempts,
            self._progress,
            self._shell.stop,
            tick=self.tick,
            confirm=self._known_lake.confirm,
            longest_seconds=longest_seconds,
        )
        self._known_lake.sent(self._progress.take_proved())
        self._keep_budget()
        self._pass_log.end(self._progress, self._retention)
        self.say(self._state)

    def rest(self) -> None:
        """Wait for the next pass: not at all with more to do, longer while the store fails."""
        wait = 0.0 if self._more else self._settings.interval_seconds
        if self._attempts.in_a_row:
            wait = self._attempts.pause()
        self._shell.wait(wait, self.tick)

    def tick(self) -> None:
        """Say how it stands, where that is due."""
        if self._shell.due(self._state):
            self.say(self._state)

    def say(self, state: State) -> None:
        """Say how it stands now."""
        progress, failing = self._progress, self._attempts.failing
        status = progress.status(self._shell.process, state, failing, self._retention)
        self._shell.say(status, progress.line)

    @property
    def _state(self) -> State:
        return "blocked" if self._attempts.in_a_row or self._progress.closed else "running"

    def report(self) -> SyncReport:
        done = self._progress
        return SyncReport(
            files_waiting=done.files_waiting,
            bytes_waiting=done.bytes_waiting,
            uploaded_files=done.uploaded_files,
            uploaded_bytes=done.uploaded_bytes,
            unchanged_files=done.unchanged_files,
            replaced_files=done.replaced_files,
            last_upload_ns=done.last_upload_ns,
            failures=done.failures,
            error=done.error or done.closed,
            retention=self._retention,
        )

    def _reachable(self) -> bool:
        # At the start, so that a wrong key shows before the first file; and while uploads fail, because a
        # question is cheaper than a file.
        if self._checked and not self._attempts.in_a_row:
            return True
        try:
            self._check()
        except TargetError as error:
            self._progress.fail(error)
            self._attempts.failed()
            self._count_waiting()
            return False
        self._checked = True
        self._attempts.reached()
        if not self._attempts.in_a_row and not self._attempts.failing:
            self._progress.recover()
        return True

    def _check(self) -> None:
        """Ask the target; it may take minutes to answer, so the status is kept fresh meanwhile."""
        with ThreadPoolExecutor(1, thread_name_prefix="check") as pool:
            asked = pool.submit(self._ask)
            while not wait([asked], timeout=TICK_SECONDS).done:
                self.tick()
            asked.result()

    def _ask(self) -> None:
        self._target.check()
        self._known_lake.recognize()

    def _count_waiting(self) -> None:
        planned = plan_uploads(self._layout, include_raw=self._settings.include_raw)
        self._progress.count(planned)

    def _keep_budget(self) -> None:
        try:
            self._retention = apply_retention(
                self._layout, self._budget, include_raw=self._settings.include_raw
            )
        except OSError as error:
            log.warning("cannot keep the disk budget of %s: %s", self._layout.data_dir, error.strerror)
