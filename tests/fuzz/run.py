"""Fuzzes every target for some seconds, one after the other, and says how it went: `make fuzz`.

Exit status 1 where something was found; the inputs, and what each brought out, lie in ``.fuzz/findings``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from .targets import TARGETS

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".fuzz"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it
_COVERAGE = re.compile(r"\bcov: (\d+)")
_EXECUTIONS = re.compile(r"number_of_executed_units: (\d+)")
_SO_FAR = re.compile(r"^#(\d+)\t")


class Outcome(Struct):
    """What became of one target. ``coverage``: the places of the code that were reached."""

    name: str
    executions: int = 0
    coverage: int = 0
    findings: int = 0
    trouble: str = ""


def fuzz(name: str, seconds: int) -> Outcome:
    """Fuzz one target in a process of its own."""
    outcome = Outcome(name)
    command = [sys.executable, "-m", "fuzz.child", name, str(seconds), str(FOLDER)]
    tail: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="daedalus-fuzz-", dir=MEMORY) as scratch,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "TMPDIR": scratch},
        ) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            tail = [*tail[-19:], line]
            if found := _COVERAGE.search(line):
                outcome.coverage = max(outcome.coverage, int(found[1]))
            if found := _SO_FAR.search(line) or _EXECUTIONS.search(line):
                outcome.executions = int(found[1])
            if line.startswith("FOUND "):
                outcome.findings += 1
                print(line, end="", flush=True)
    if child.returncode:  # it was ended: by a crash in C, a hang, or for its memory
        outcome.findings += 1
        outcome.trouble = "".join(tail)
    return outcome


def report(outcomes: list[Outcome], seconds: int) -> Table:
    """One line per target."""
    table = Table("target", title=f"{seconds} s of each target")
    for name in ("executions", "per second", "coverage", "findings"):
        table.add_column(name, justify="right")
    for each in outcomes:
        rate = f"{each.executions / seconds:,.0f}"
        table.add_row(each.name, f"{each.executions:,}", rate, f"{each.coverage:,}", str(each.findings))
    return table


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of each target (default: 10)")
    parser.add_argument("targets", nargs="*", help=f"some of: {', '.join(TARGETS)}; all if none")
    arguments = parser.parse_args()
    names = arguments.targets or list(TARGETS)
    if unknown := [name for name in names if name not in TARGETS]:
        parser.error(f"no target is called {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    outcomes: list[Outcome] = []
    for at, name in enumerate(names, 1):
        print(f"[{at}/{len(names)}] {name}, {arguments.seconds} s…", flush=True)
        outcomes.append(fuzz(name, arguments.seconds))
        done = outcomes[-1]
        print(
            f"    {done.executions:,} executions, coverage {done.coverage:,}, findings {done.findings}",
            flush=True,
        )
        if done.trouble:
            print(done.trouble, end="", flush=True)
    Console().print(report(outcomes, arguments.seconds))
    if found := sum(each.findings for each in outcomes):
        print(f"{found} findings: see {FOLDER / 'findings'}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
