"""`daedalus run`: every worker of a configuration as a child, until Ctrl-C, SIGTERM or the end of a duration.

Workers stop in the order of the data: ingest seals its files, normalize turns them into tables, sync uploads
those. After a clean stop nothing is left to do.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from ..config import Config
from ..store.layout import Layout
from ..store.lock import WorkerLock
from ..worker.signals import STOP_SECONDS, stop_event
from .children import Child, command
from .outcome import Outcome
from .progress import ProgressDisplay

__all__ = ["RUN", "ensure_free", "run_all"]

RUN = "run"
"""The name of the lock."""

PATIENCE_SECONDS = STOP_SECONDS + 5.0
"""A worker that has not stopped by then is killed."""
TURN_SECONDS = 0.25


def run_all(
    config: Config,
    config_path: Path,
    *,
    console: Console,
    no_sync: bool = False,
    dry_run: bool = False,
    duration: float | None = None,
) -> int:
    """Run all workers; returns 0, 1 if something failed or an exchange delivered nothing, or the exit code of
    a worker that refused to run.

    ``duration``: seconds until it ends; None runs until a signal. ``dry_run`` only prints the command lines.
    Raises `AlreadyRunningError` if one of the workers already runs on this ``data_dir``.
    """
    ingest = [(f"ingest-{name}", ("ingest", name)) for name in config.exchanges]
    after = [("normalize", ("normalize",))] + ([] if no_sync else [("sync", ("sync",))])
    if dry_run:
        for name, arguments in ingest + after:
            console.print(
                f"{name}: {' '.join(command(*arguments, '--config', str(config_path)))}", soft_wrap=True
            )
        return 0

    layout = Layout(config.data_dir)
    logs = config.data_dir / "logs"

    def child(name: str, arguments: Sequence[str]) -> Child:
        return Child(name, [*arguments, "--config", str(config_path)], logs)

    with WorkerLock(layout, RUN), stop_event() as stop:
        ensure_free(layout, (name for name, _ in ingest + after))
        first = [child(*each) for each in ingest]
        later = [child(*each) for each in after]
        last = [child(f"{name}-last", (*arguments, "--once")) for name, arguments in after]
        outcome = Outcome(layout, first)
        progress = ProgressDisplay(console, layout, first + later)
        try:
            with progress:
                for each in first + later:
                    each.start()
                ends_at = time.monotonic() + duration if duration is not None else None
                while not stop.is_set() and (ends_at is None or time.monotonic() < ends_at):
                    for each in first + later:
                        each.look_after(time.monotonic())
                    if outcome.refused(first + later):
                        break
                    progress.show("recording", ends_at)
                    outcome.look()
                    time.sleep(TURN_SECONDS)
                failed = _stop(first, later, last, progress)
        except KeyboardInterrupt:
            for each in (*first, *later, *last):
                each.kill()
            raise
    for line in outcome.complaints(first + later) + failed:
        progress.tell(line)
    return outcome.code(first + later, clean=not failed)


def ensure_free(layout: Layout, workers: Iterable[str]) -> None:
    """Raise `AlreadyRunningError` if one of these workers runs on this ``data_dir``."""
    for name in workers:
        with WorkerLock(layout, name):
            pass


def _stop(
    first: Sequence[Child], later: Sequence[Child], last: Sequence[Child], progress: ProgressDisplay
) -> list[str]:
    """Stop the workers in the order of the data, then run each of ``last`` to its end.

    Returns a line with the reason for each that failed.
    """
    failed = []

    def wait(child: Child, seconds: float | None) -> None:
        code = child.wait(seconds)
        if code != 0:
            ended = "was killed" if code is None else f"ended with exit code {code}"
            failed.append(f"{child.name} {ended}: {child.trouble() or f'see {child.log_path}'}")

    progress.show("sealing", None)
    for workers in (first, later):
        running = [each for each in workers if each.refused is None]
        for each in running:
            each.ask_to_stop()
        for each in running:
            wait(each, PATIENCE_SECONDS)
    for each in last:
        progress.show(each.name.removesuffix("-last"), None)
        each.start()
        wait(each, None)
    progress.show("stopped", None)
    return failed
