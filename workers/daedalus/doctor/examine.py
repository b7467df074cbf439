"""Reads the machine, the configuration and the status files, and hands the values to the checks."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from .. import host
from ..config import Config, ConfigError, find_config, load_config
from ..config.report import warnings
from ..health import machine as rules
from ..health.finding import Finding, bad, ok, warn
from ..host.reading import output_of, text_of
from ..status import Row, elsewhere, observe
from ..store.data_disk import why_unmounted
from ..store.layout import Layout
from ..store.permissions import unreadable
from ..worker.status import SyncStatus, read_status
from . import disk, machine, reach, workers

__all__ = ["examine"]

ROOT = Path("/")
SCRATCH = Path("/var/tmp")  # noqa: S108 - everyone may write there, on the root's own disk
TARGET = Path("etc/systemd/system/daedalus.target")


def examine(
    path: Path | None, *, ask_store: Callable[[Config], None], offline: bool = False, root: Path = ROOT
) -> list[Finding]:
    """Check the machine below ``root`` and all that is configured.

    ``path``: of the configuration; None: where it usually lies. ``offline``: ask no exchange and no store.
    ``ask_store`` raises `TargetError` if the lake cannot be used.
    """
    findings = list(_machine(root))
    named = path is not None or bool(os.environ.get("DAEDALUS_CONFIG"))
    try:
        path = find_config(path)
        config = load_config(path)
    except ConfigError as error:
        first, *more = str(error).splitlines()
        found = f"{first}{f' (and {len(more)} more)' if more else ''}"
        return [
            *findings,
            bad("configuration", found, "See all of it: daedalus config check."),
        ]
    findings += _configuration(config, path)
    if not named:
        findings += [workers.elsewhere(line) for line in elsewhere(config, observe)]
    findings += _disk(config, root)
    rows = observe(config)
    findings += _workers(config, rows, root)
    findings += _units(rows, root)
    if not offline or reach.is_directory(config):
        findings.append(reach.store(config, ask_store))
    if not offline:
        for name, exchange in config.exchanges.items():
            findings.append(reach.exchange(name, exchange.websocket_url or exchange.exchange.websocket_url))
    return findings


def _machine(root: Path) -> Iterator[Finding]:
    command_line = text_of(root / "proc/cmdline") or ""
    yield machine.userland(struct.calcsize("P") * 8, os.uname().machine)
    yield machine.page_size(os.sysconf("SC_PAGE_SIZE"))
    yield machine.memory_cgroup(host.controllers(root), command_line)
    yield machine.swap(host.read_swaps(root), host.read_memory_total(root))
    yield rules.oom_kills(host.read_oom_kills(root), " since boot")
    yield rules.temperature(host.read_temperature(root))
    yield machine.power(host.read_power(root))
    clock = host.read_clock(root)
    yield rules.clock(clock.synchronized, clock.offset_seconds)
    yield disk.mounted_for_writing(
        "the root",
        host.mount_of(PurePosixPath("/"), host.read_mounts(root)),
        host.try_writing([SCRATCH]) if root == ROOT and _is_on_root(SCRATCH) else None,
    )
    yield disk.journal(
        volatile=any((root / "run/log/journal").glob("*/*.journal")),
        persistent=any((root / "var/log/journal").glob("*/*.journal")),
    )
    yield disk.card_errors(_kernel_log() if root == ROOT else None)  # on this machine only


def _is_on_root(directory: Path) -> bool:
    try:
        return directory.stat().st_dev == ROOT.stat().st_dev
    except OSError:
        return False


def _configuration(config: Config, path: Path) -> Iterator[Finding]:
    found = warnings(config, path)
    yield ok("configuration", f"{path} is right; data lies in {config.data_dir.absolute()}")
    for line in found:
        yield warn("configuration", line, "It is allowed, but most likely a mistake.")
    if not config.alerts.urls:
        yield warn(
            "alerts",
            "nobody is told: alerts.urls is empty",
            "Give one URL of apprise, then run daedalus watchdog --test-alert.",
        )


def _disk(config: Config, root: Path) -> Iterator[Finding]:
    data_dir = config.data_dir.absolute()
    free = total = None
    try:
        numbers = os.statvfs(reach.nearest(data_dir))
        free, total = numbers.f_bavail * numbers.f_frsize, numbers.f_blocks * numbers.f_frsize
    except OSError:
        pass
    yield rules.space(free, total, config.writer.min_free_bytes)
    # The file system on which it really lies, behind links.
    mount = host.mount_of(PurePosixPath(os.path.realpath(data_dir)), host.read_mounts(root))
    tried = host.try_writing(Layout(data_dir).written) if data_dir.is_dir() else None
    yield disk.mounted_for_writing("data_dir", mount, tried)
    yield disk.mounted(why_unmounted(data_dir, root))
    yield rules.readable(unreadable(Layout(data_dir)))


def _workers(config: Config, rows: Sequence[Row], root: Path) -> Iterator[Finding]:
    services = (root / TARGET).exists()
    yield from (workers.worker(row, services=services) for row in rows)
    yield from (workers.installed(row) for row in rows if row.difference)
    yield workers.backlog(rows)
    status = read_status(Layout(config.data_dir).status, "sync")
    if isinstance(status, SyncStatus):
        last_ns = status.last_upload_ns
        ago = max(0, time.time_ns() - last_ns) / 1e9 if last_ns else None
        yield workers.last_upload(ago, status.files_waiting)


def _units(rows: Sequence[Row], root: Path) -> Iterator[Finding]:
    """Limits and restarts of the workers that are units of systemd."""
    for row in rows:
        group = host.own_cgroup(row.pid, root) if row.alive and row.pid is not None else None
        unit = PurePosixPath(group).name if group else ""
        if group is None or not (unit.startswith("daedalus-") and unit.endswith(".service")):
            continue
        yield workers.limits(unit, host.read_memory(group, root))
        count = output_of("systemctl", "show", "-p", "NRestarts", "--value", unit)
        if count is not None and count.strip().isdigit():
            yield workers.restarts(unit, int(count))


def _kernel_log() -> tuple[str, ...] | None:
    """The kernel's log since boot; None if this user may not read it."""
    found = host.read_kernel_log()
    return None if found is None else found.lines
