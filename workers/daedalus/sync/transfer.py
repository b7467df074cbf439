"""One pass over the files that wait: upload the oldest first, a few at a time, and move what is verified.

Invariant: a file is moved to ``synced`` only after the target has proved that it holds that file. So a kill
at any moment leaves it waiting (the next pass finds it unchanged in the lake) or moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from threading import Event

from ..storage.errors import SourceGoneError, StoppedError, TargetError, TargetErrorKind
from ..storage.target import Receipt, Target
from ..store.files import move
from ..store.layout import Layout
from .attempts import Attempts
from .plan import Upload, plan_uploads, synced_path
from .progress import Progress
from .settings import SyncSettings

__all__ = ["TICK_SECONDS", "run_pass"]

FAILURES_IN_A_ROW = 3
"""A pass ends after this many failures without a success."""

TICK_SECONDS = 1.0


def run_pass(
    layout: Layout,
    target: Target,
    settings: SyncSettings,
    attempts: Attempts,
    progress: Progress,
    stop: Event,
    *,
    tick: Callable[[], None] = lambda: None,
    confirm: Callable[[], None] = lambda: None,
    longest_seconds: float = float("inf"),
) -> bool:
    """Try each file that is due once; end early when the store fails, on ``stop``, or when the time is up.

    Returns whether the time was up, so that the next pass can begin at once. ``tick`` is called about every
    second. ``confirm`` is called before and after each file and raises `TargetError` if the lake is gone.
    Failures are noted in ``progress``; none is raised.
    """
    return _Pass(layout, target, settings, attempts, progress, stop, confirm).run(tick, longest_seconds)


class _Pass:
    def __init__(
        self,
        layout: Layout,
        target: Target,
        settings: SyncSettings,
        attempts: Attempts,
        progress: Progress,
        stop: Event,
        confirm: Callable[[], None],
    ) -> None:
        self._layout = layout
        self._target = target
        self._settings = settings
        self._attempts = attempts
        self._progress = progress
        self._stop = stop
        self._confirm = confirm
        self._over = False

    def run(self, tick: Callable[[], None], longest_seconds: float) -> bool:
        denied: list[OSError] = []
        planned = plan_uploads(self._layout, include_raw=self._settings.include_raw, denied=denied)
        self._progress.count(planned)
        self._progress.closed = _closed(denied)
        tick()
        until = time.monotonic() + longest_seconds
        due = iter(self._attempts.due(planned, time.monotonic()))
        with ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="sync") as pool:
            running: dict[Future[tuple[Receipt, _Identity]], Upload] = {}
            while True:
                if not self._over and not self._stop.is_set() and time.monotonic() < until:
                    for upload in islice(due, self._settings.concurrency - len(running)):
                        running[pool.submit(self._send, upload)] = upload
                if not running:
                    return not self._over and next(due, None) is not None
                done, _ = wait(running, timeout=TICK_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    self._finish(running.pop(future), future)
                tick()

    def _send(self, upload: Upload) -> tuple[Receipt, _Identity]:
        identity = _identity(upload.source)
        self._confirm()
        receipt = self._target.put(upload.source, upload.key, self._stop)
        self._confirm()  # the lake may have gone meanwhile
        return receipt, identity

    def _finish(self, upload: Upload, future: Future[tuple[Receipt, _Identity]]) -> None:
        try:
            receipt, sent = future.result()
            # A file that was computed again meanwhile has the same name, and is not sent yet.
            if _identity(upload.source) == sent:
                move(upload.source, synced_path(self._layout, upload))
                self._note(upload, receipt)
        except (SourceGoneError, StoppedError):
            return
        except TargetError as error:
            self._fail(upload, error)
        except OSError as error:
            self._fail(upload, self._own_fault(f"cannot move {upload.source} ({error.strerror})"))
        except Exception as error:
            self._fail(upload, self._own_fault(f"{upload.key} failed with {type(error).__name__}"))

    def _note(self, upload: Upload, receipt: Receipt) -> None:
        self._progress.succeed(upload, receipt)
        self._attempts.succeeded(upload.key, time.monotonic())
        if not self._attempts.failing:
            self._progress.recover()

    def _fail(self, upload: Upload, error: TargetError) -> None:
        self._progress.fail(error, upload)
        self._attempts.failed(upload.key)
        if error.kind.concerns_whole_store or self._attempts.in_a_row >= FAILURES_IN_A_ROW:
            self._over = True

    def _own_fault(self, problem: str) -> TargetError:
        remedy = "Check the disk of data_dir, and its permissions; the file stays where it is."
        return TargetError(TargetErrorKind.SOURCE, self._target.url, problem, remedy)


def _closed(denied: Sequence[OSError]) -> str:
    if not denied:
        return ""
    first = denied[0]
    return (
        f"{first.filename} cannot be looked into ({first.strerror}), so the files in it are not sent. "
        "Give it to the workers' user."
    )


_Identity = tuple[int, int, int]


def _identity(path: Path) -> _Identity:
    """Inode, size and time of a file; another file under the same name has others."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise SourceGoneError(str(path)) from None
    return found.st_ino, found.st_size, found.st_mtime_ns
