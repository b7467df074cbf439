"""The recorder of these tests: quick to flush and rotate, sabotaged on demand, read back over all states."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from faults.on_disk import streams_since
from support.processes import COMMAND, Recorder, wait_until

__all__ = ["CHANNELS", "PATIENCE", "SABOTEUR", "Rules", "Tried"]

CHANNELS = ("trade", "aggTrade", "depth", "bookTicker")
PATIENCE = 120.0
"""Seconds to wait for what takes two on an idle machine: these tests are about what happens, not how fast."""

SABOTEUR = Path(__file__).with_name("saboteur.py")
STATES = ("ready", "normalized", "synced")

Rules = Sequence[Mapping[str, Any]]
"""What goes wrong in a process; see ``saboteur.py``."""


class Tried(Recorder):
    """A recorder on trial."""

    def __init__(
        self,
        directory: Path,
        port: int,
        *,
        exchange: str = "binance",
        symbols: Sequence[str] = ("BTCUSDT", "ETHUSDT"),
        channels: Sequence[str] = CHANNELS,
        **writer: float,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        settings = {"symbols": list(symbols), "channels": list(channels)}
        super().__init__(directory, exchange, port, settings)
        self.settings["writer"] = {
            "min_free_mb": 0,
            "flush_interval_seconds": 0.5,
            "segment_max_mb": 0.05,
            **writer,
        }
        self.write_config()
        self.asked_to_stop_ns = 0
        self.process: subprocess.Popen[bytes] | None = None

    def look_for(self, host: str, port: int, *, tls: bool = False) -> None:
        """Have it look for its exchange there."""
        s = "s" if tls else ""
        urls = {"websocket_url": f"ws{s}://{host}:{port}", "rest_url": f"http{s}://{host}:{port}"}
        self.settings["exchanges"][self.exchange].update(urls)
        self.write_config()

    # Its life

    def start(
        self,
        rules: Rules = (),
        *,
        under: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start ingest, with sabotage; ``under``: the command that starts it."""
        command = self._command("ingest", self.exchange, rules=rules, under=under)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._ingest = self.process

    def stop(self) -> float:
        """End it as systemd does, with more patience than systemd has; the seconds that it took."""
        assert self.process is not None
        self.asked_to_stop_ns = time.time_ns()
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        assert code == 0, self.log_text()[-3000:]
        return time.monotonic() - started

    def died(self) -> int:
        """Wait for it to end by itself; its exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        """Kill what may still run, whatever it is."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def until(self, figure: str, least: float, *, new: bool = False) -> None:
        """Wait until a figure of the status is that high; ``new``: so much higher than it is now."""
        least += self.figure(figure) if new else 0.0
        self.until_so(lambda: self.figure(figure) >= least, f"{figure} to be {least:g}")

    def until_so(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that a living recorder brings about."""
        process = self.process
        assert process is not None
        wait_until(lambda: condition() or process.poll() is not None, PATIENCE, what)
        assert condition(), f"it ended ({process.poll()}) before {what}: {self.log_text()[-3000:]}"

    def until_said(self, text: str, *, more_than: int = 0) -> None:
        """Wait until the log has the text, and more often than that."""
        self.until_so(lambda: self.log_text().count(text) > more_than, f"“{text}” in the log")

    def until_recording(self, since_ns: int) -> None:
        """Wait until of every stream something that came after that time (UTC ns) is on the disk."""
        settings = self.settings["exchanges"][self.exchange]
        wanted = set(itertools.product(settings["channels"], settings["symbols"]))
        self.until_so(lambda: streams_since(self.data, since_ns) >= wanted, "new messages on the disk")

    def round(self, rules: Rules = (), *, under: Sequence[str] = ()) -> None:
        """Start it and wait until what it receives is on the disk."""
        began = time.time_ns()
        self.start(rules, under=under)
        self.until_recording(began)

    def run_worker(self, *arguments: str, rules: Rules = (), under: Sequence[str] = ()) -> int:
        """Run another worker to its end, or to what the rules make of it; its exit code."""
        command = self._command(*arguments, rules=rules, under=under)
        with self.log.open("ab") as log:
            return subprocess.run(command, stdout=log, stderr=log, check=False).returncode

    def _command(self, *arguments: str, rules: Rules, under: Sequence[str]) -> list[str]:
        program = [sys.executable, str(SABOTEUR), json.dumps(list(rules))] if rules else COMMAND
        return [*under, *program, *arguments, "--config", str(self.config)]

    # What it left

    def messages(self) -> list[dict[str, Any]]:
        """All raw rows that can be read, over all states, in the order of their connections and numbers."""
        rows: list[dict[str, Any]] = []
        for state in STATES:
            for path in sorted((self.data / "raw" / state).rglob("*.parquet")):
                with pq.ParquetFile(path, page_checksum_verification=True) as file:
                    rows += file.read().to_pylist()
        return sorted(rows, key=lambda row: (row["conn"], row["seq"]))

    def table_rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, uploaded or not."""
        return self.table(name) + self.table(name, "synced")
