"""Prints what the services of Daedalus on this machine do, as one JSON object; standard library only.

    look.py [--wait SECONDS]
    look.py --stale

With --wait it looks again until there is no problem or the time is over. Keys: ``release``, ``rows`` (of
`daedalus status`), ``units``, and the lists of lines ``problems`` and ``summary``. With --stale the only key
is ``stale``: the services that have failed for good, and those that run something else than what is
installed, each with what differs. What a process runs is read from the process itself (its interpreter,
environment and credentials, the hash of the configuration in its status), so it does not matter who changed
what, and when. The exit code is 0 unless that cannot be found out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

COMMAND = os.environ.get("DAEDALUS_COMMAND", "/usr/local/bin/daedalus")
CURRENT = Path(os.environ.get("DAEDALUS_CURRENT", "/opt/daedalus/current"))
CONFIG = Path(os.environ.get("DAEDALUS_CONFIG", "/etc/daedalus/config.yaml"))
CREDENTIALS = Path(os.environ.get("DAEDALUS_CREDENTIALS", "/etc/daedalus/credentials"))
UNITS = Path(os.environ.get("DAEDALUS_UNITS", "/etc/systemd/system"))
CGROUPS = Path(os.environ.get("DAEDALUS_CGROUPS", "/sys/fs/cgroup"))
PROC = Path(os.environ.get("DAEDALUS_PROC", "/proc"))
SILENT_SECONDS = 60.0
ANSWER_SECONDS = 180.0
PROPERTIES = "Id,ActiveState,SubState,StatusText,NRestarts,ControlGroup,ActiveEnterTimestamp,MainPID"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--wait", type=float, default=0.0)
    parser.add_argument("--stale", action="store_true")
    options = parser.parse_args()
    hashes = configured()  # once for all looks: the command takes seconds to start on a small machine
    if options.stale:
        units, rows = read_units(wanted()), read_rows()
        if any(unit.get("ActiveState") == "active" for unit in units) and not (rows and hashes):
            sys.exit("what the workers run is unknown: daedalus status or config check gives no answer")
        failed = {
            unit["Id"]: "it has failed"
            for unit in units
            if "Id" in unit and unit.get("ActiveState") == "failed"
        }
        print(json.dumps({"stale": failed | stale(units, rows, hashes)}))
        return
    until = time.monotonic() + options.wait
    seen = look(hashes)
    while seen["problems"] and time.monotonic() < until:
        time.sleep(3)
        seen = look(hashes)
    print(json.dumps(seen))


def look(hashes: dict[str, str]) -> dict[str, Any]:
    """One look; ``hashes``: see `configured`."""
    units = read_units(wanted())
    rows = read_rows()
    return {
        "release": CURRENT.resolve().name if CURRENT.exists() else "none",
        "units": units,
        "rows": rows,
        "problems": problems(units, rows)
        + [f"{name}: {why}: run site.yml" for name, why in stale(units, rows, hashes).items()],
        "summary": summary(units, rows),
    }


def wanted() -> list[str]:
    """The services of daedalus.target."""
    found = _run("systemctl", "show", "--property=Wants,ConsistsOf", "--value", "daedalus.target").split()
    return sorted({name for name in found if name.startswith("daedalus-") and name.endswith(".service")})


def read_units(names: list[str]) -> list[dict[str, str]]:
    if not names:
        return []
    blocks = _run("systemctl", "show", f"--property={PROPERTIES}", *names).strip().split("\n\n")
    units = []
    for block in blocks:
        unit = dict(line.partition("=")[::2] for line in block.splitlines())
        unit["limited"] = str(
            (CGROUPS / unit.get("ControlGroup", "").lstrip("/") / "memory.max").exists()
        ).lower()
        units.append(unit)
    return units


def read_rows() -> list[dict[str, Any]]:
    try:
        rows = json.loads(_run(COMMAND, "status", "--json"))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    return [row for row in rows if isinstance(row, dict)]


def configured() -> dict[str, str]:
    """The hash of each worker's part of the installed configuration; empty if it cannot be computed."""
    try:
        return dict(json.loads(_run(COMMAND, "config", "check", "--json", str(CONFIG)))["workers"])
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        return {}


def stale(units: list[dict[str, str]], rows: list[dict[str, Any]], hashes: dict[str, str]) -> dict[str, str]:
    """The services that run something else than what is installed, and why."""
    statuses = {row["worker"]: row for row in rows}
    found = {}
    for unit in units:
        name = unit.get("Id", "")
        try:
            process = read_process(int(unit.get("MainPID") or 0))
        except (OSError, ValueError):
            continue  # not running, or ended in this moment
        worker = worker_of(name)
        running = statuses.get(worker, {}).get("config_hash")
        differs = [
            *(["another version"] if process["release"] != CURRENT.resolve().name else []),
            *(["another unit file"] if process["unit"] != digest_in(name) else []),
            *(["other secrets"] if not process["secrets"] else []),
            *(["another configuration"] if running and running != hashes.get(worker, running) else []),
        ]
        if differs:
            found[name] = f"it runs with {' and '.join(differs)} than installed"
    return found


def read_process(pid: int) -> dict[str, Any]:
    """What a process runs: ``release``, the digest of its ``unit``, and whether its ``secrets`` are in place.

    Raises `OSError` if there is no such process.
    """
    if pid <= 0:
        raise OSError("no process")
    place = PROC / str(pid)
    interpreter = (place / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    variables = dict(
        each.decode(errors="replace").partition("=")[::2]
        for each in (place / "environ").read_bytes().split(b"\0")
    )
    given = variables.get("CREDENTIALS_DIRECTORY")
    # The process sees its credentials in its own file system, wherever systemd mounts them.
    files = sorted((place / "root" / given.lstrip("/")).iterdir()) if given else []
    return {
        "release": Path(interpreter).parent.parent.name,
        "unit": variables.get("DAEDALUS_UNIT", ""),
        "secrets": all(_same(each, CREDENTIALS / each.name) for each in files),
    }


def digest_in(unit: str) -> str:
    """The digest in the installed file of the unit; "" if there is none."""
    template = unit if "@" not in unit else f"{unit.partition('@')[0]}@.service"
    try:
        text = (UNITS / template).read_text(encoding="utf-8")
    except OSError:
        return ""
    marked = [line.partition("DAEDALUS_UNIT=")[2] for line in text.splitlines() if "DAEDALUS_UNIT=" in line]
    return marked[0].strip() if marked else ""


def _same(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() == other.read_bytes()
    except OSError:
        return False


def problems(units: list[dict[str, str]], rows: list[dict[str, Any]]) -> list[str]:
    """Everything that keeps this host from recording, one line each."""
    found = [] if units else ["daedalus.target has no services: run site.yml"]
    for unit in units:
        name = unit.get("Id", "?")
        if unit.get("ActiveState") != "active":
            found.append(
                f"{name} is {unit.get('ActiveState')} ({unit.get('SubState')}): journalctl -u {name}"
            )
        elif unit["limited"] != "true":
            found.append(
                f"{name} has no effective memory limit: the memory controller is off (daedalus doctor)"
            )
    if not rows:
        found.append("daedalus status gives no answer: is the configuration readable?")
    started = {worker_of(unit["Id"]) for unit in units if "Id" in unit}
    for row in rows:
        name, last = row["worker"], row.get("last_message_seconds")
        if name not in started:
            continue
        if row["state"] != "running":
            found.append(f"{name} is {row['state']}{': ' + row['note'] if row.get('note') else ''}")
        elif name.startswith("ingest-") and last is None:
            found.append(f"{name} runs and has received nothing yet")
        elif name.startswith("ingest-") and last is not None and last > SILENT_SECONDS:
            found.append(f"{name} runs and has received nothing for {last:.0f} s")
    return found


def summary(units: list[dict[str, str]], rows: list[dict[str, Any]]) -> list[str]:
    """What each recorder does, and since when."""
    since = {worker_of(unit.get("Id", "")): unit.get("ActiveEnterTimestamp", "") for unit in units}
    return [
        f"{row['worker']} records {row.get('messages_per_second') or 0:.0f} messages/s since "
        f"{since.get(row['worker']) or 'now'}, {row.get('gaps') or 0} gaps"
        for row in rows
        if row["worker"].startswith("ingest-") and row["worker"] in since
    ] + [f"seen {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"]


def worker_of(unit: str) -> str:
    """``daedalus-ingest@binance.service`` is the worker ``ingest-binance``."""
    return unit.removeprefix("daedalus-").removesuffix(".service").replace("@", "-")


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False).stdout  # noqa: S603


if __name__ == "__main__":
    main()
