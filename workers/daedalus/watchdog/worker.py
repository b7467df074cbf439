"""The watchdog's loop: look, decide, act, tell, once a minute.

Invariants: one watchdog watches a ``data_dir`` at a time. Nothing that it looks at, and no service that it
tells, can end it, least of all a disk that takes no writes. A dry run changes and tells nothing.
"""

from __future__ import annotations

import gc
import logging
import platform

import psutil
from msgspec import Struct
from msgspec.structs import replace

from .. import host
from ..config import Config
from ..store.layout import Layout
from ..units import MEGABYTE
from ..worker.shell import Shell
from ..worker.start import Launch, setup_of
from ..worker.status import State as WorkState
from ..worker.status import WatchdogStatus
from .alerts import Alerts, ping
from .decide import Decision, decide
from .notify_policy import Announcement
from .observation import Limits, Observation
from .observe import look
from .restart import restart
from .spare import WORKER, lock_anywhere
from .state import load_state, save_state

__all__ = ["Options", "run_watchdog", "watch_once"]

log = logging.getLogger("daedalus.watchdog")

LOOK_SECONDS = 60.0
STATUS_SECONDS = 10.0
COLLECT_LOOKS = 5
MOST_UNDELIVERED = 50


class Options(Struct, frozen=True, kw_only=True):
    """The options of the command. ``memory_limit_mb`` replaces memory.restart_mb."""

    dry_run: bool = False
    no_sync: bool = False
    memory_limit_mb: int | None = None

    def limits(self, config: Config) -> Limits:
        """The thresholds. ``memory_limit_mb`` moves the warning in proportion."""
        memory = config.memory
        most = memory.restart_bytes
        warn = memory.warn_bytes
        if self.memory_limit_mb is not None:
            warn = warn * self.memory_limit_mb * MEGABYTE // most
            most = self.memory_limit_mb * MEGABYTE
        return Limits(
            memory_warn=warn,
            memory_restart=most,
            min_free=config.writer.min_free_bytes,
            repeat_seconds=config.alerts.repeat_hours * 3600,
        )


def run_watchdog(config: Config, options: Options, launch: Launch) -> None:
    """Watch until the worker is told to stop. Raises `AlreadyRunningError`."""
    with _shell(config, launch) as shell:
        watch = _Watch(config, options, shell)
        shell.ready("watching")
        while not shell.stop.is_set():
            watch.turn()
            shell.wait(LOOK_SECONDS, lambda: watch.say("running"))
        watch.say("stopped")


def watch_once(config: Config, options: Options) -> tuple[Observation, Decision]:
    """One look and what follows from it; with ``dry_run`` nothing does. Raises `AlreadyRunningError`."""
    shell = _shell(config)
    if options.dry_run:
        return _Watch(config, options, shell).look_and_decide()
    with shell:
        watch = _Watch(config, options, shell)
        result = watch.turn()
        watch.say("stopped")
        return result


def _shell(config: Config, launch: Launch | None = None) -> Shell:
    layout = Layout(config.data_dir)
    return Shell(
        layout,
        WORKER,
        launch.setup if launch else setup_of(config, WORKER),
        launch.stop if launch else None,
        status_seconds=STATUS_SECONDS,
        lock=lock_anywhere(layout),
    )


class _Watch:
    """The state of one run."""

    def __init__(self, config: Config, options: Options, shell: Shell) -> None:
        self._shell = shell
        self._layout = shell.layout
        self._options = options
        self._limits = options.limits(config)
        self._workers = [name for name in config.workers if not (options.no_sync and name == "sync")]
        self._alerts = Alerts.of(config)
        ping_url = config.alerts.dead_mans_ping
        self._ping_url = ping_url.get_secret_value() if ping_url else None
        self._state = load_state(shell.layout.data_dir)
        self._looks = 0
        self._restarts = 0
        self._takes_writes = True
        self._collected = 0

    @property
    def line(self) -> str:
        """The open problems, in one line for `systemctl status`."""
        return "; ".join(self._open) or f"all is well with {', '.join(self._workers)}"

    @property
    def _open(self) -> list[str]:
        """The problems that are open and were told."""
        return [each.text for each in self._state.problems.values() if each.told is not None]

    def look_and_decide(self) -> tuple[Observation, Decision]:
        """One look and what follows from it; nothing is done."""
        seen = look(self._layout, self._workers, kernel_cursor=self._state.read_up_to(host.boot_id()))
        return seen, decide(seen, self._state, self._limits)

    def turn(self) -> tuple[Observation, Decision]:
        """One look with all that follows."""
        seen, decision = self.look_and_decide()
        self._looks += 1
        news = list(decision.announcements)
        self._state = decision.state
        # Remembered before it is done: if this process ends over it, it is not done twice.
        self._remember(seen)
        for wanted in decision.restarts:
            self._restarts += 1
            if trouble := restart(wanted):
                news.append(Announcement(f"{wanted.worker} could not be restarted: {trouble}", critical=True))
        # Told before it is logged: the log may lie on a disk that hangs.
        self._state = replace(self._state, undelivered=self._tell(news))
        for each in news:
            log.log(logging.ERROR if each.critical else logging.WARNING, "%s", each.text)
        self._remember(seen)
        # A missing ping calls somebody. So none is sent while alerts are not delivered.
        if self._ping_url and not self._state.undelivered:
            ping(self._ping_url)
        if self._looks % COLLECT_LOOKS == 0:
            self._collected += gc.collect()
        return seen, decision

    def _remember(self, seen: Observation) -> None:
        self._takes_writes = seen.machine.takes_writes
        save_state(self._layout.data_dir, self._state, takes_writes=self._takes_writes)

    def say(self, state: WorkState) -> None:
        """Tell systemd and write the status; not to a disk that just took no write, as it may hang."""
        if not self._takes_writes:
            (self._shell.stopping if state == "stopped" else self._shell.alive)(self.line)
            return
        status = WatchdogStatus(
            process=self._shell.process,
            state=state,
            note="; ".join(self._open),
            looks=self._looks,
            problems=len(self._open),
            restarts=self._restarts,
            alerts_sent=self._alerts.sent,
            alerts_failed=self._alerts.failed,
            undelivered_alerts=len(self._state.undelivered),
            gc_collected=self._collected,
            rss_bytes=psutil.Process().memory_info().rss,
        )
        self._shell.say(status, self.line)

    def _tell(self, news: list[Announcement]) -> tuple[str, ...]:
        """Send all news of a look as one alert. What cannot be sent goes with the next one."""
        texts = (*self._state.undelivered, *(each.text for each in news))
        if not texts or not self._alerts:
            return ()
        critical = any(each.critical for each in news)
        title = f"daedalus on {platform.node()}: {'trouble' if critical else 'news'}"
        if self._alerts.send(title, "\n".join(f"- {text}" for text in texts), critical=critical):
            return ()
        return texts[-MOST_UNDELIVERED:]
