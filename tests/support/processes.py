"""The recorder's real processes for tests: `daedalus …` on a configuration of its own, and raw read back."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from daedalus.worker.status import IngestStatus

__all__ = ["Recorder", "simulated", "wait_until"]

COMMAND = [sys.executable, "-m", "daedalus"]
ODDITIES = {"unknown", "malformed", "foreign", "refused"}


def wait_until(condition: Callable[[], bool], seconds: float = 90.0, what: str = "a condition") -> None:
    """Wait until the condition holds; fail with ``what`` was waited for."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@contextmanager
def simulated(exchange: str, *options: str, port: int = 0) -> Iterator[int]:
    """Run a simulated exchange in a process of its own; yields its port."""
    arguments = [*COMMAND, "simulate", exchange, "--port", str(port), *options]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"ws://127\.0\.0\.1:(\d+)", line)
        assert found, f"the simulator said: {line!r}"
        yield int(found[1])
    finally:
        process.kill()
        process.wait()


class Recorder:
    """One data directory, its configuration, and the workers that a test starts on it."""

    def __init__(self, directory: Path, exchange: str, port: int, settings: dict[str, Any]) -> None:
        self.directory = directory
        self.exchange = exchange
        self.data = directory / "data"
        self.config = directory / "config.yaml"
        self.log = directory / "ingest.log"
        urls = {"websocket_url": f"ws://127.0.0.1:{port}", "rest_url": f"http://127.0.0.1:{port}"}
        self.settings: dict[str, Any] = {
            "data_dir": str(self.data),
            "exchanges": {exchange: {**settings, **urls}},
            "writer": {"min_free_mb": 0},
        }
        self.write_config()
        self._ingest: subprocess.Popen[bytes] | None = None

    def write_config(self) -> None:
        self.config.write_text(yaml.safe_dump(self.settings))

    # Workers

    def start(self) -> None:
        """Start ingest."""
        arguments = [*COMMAND, "ingest", self.exchange, "--config", str(self.config)]
        with self.log.open("ab") as log:
            self._ingest = subprocess.Popen(arguments, stdout=log, stderr=log)

    def stop(self) -> float:
        """Stop ingest as systemd does; returns the seconds it took."""
        assert self._ingest is not None
        started = time.monotonic()
        self._ingest.send_signal(signal.SIGTERM)
        code = self._ingest.wait(30)
        assert code == 0, self.log.read_text()[-2000:]
        return time.monotonic() - started

    def kill(self) -> None:
        """Kill ingest, as a power cut would as far as a process can tell."""
        assert self._ingest is not None
        self._ingest.kill()
        self._ingest.wait()

    @property
    def running(self) -> bool:
        """Whether ingest still runs."""
        return self._ingest is not None and self._ingest.poll() is None

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command with this configuration until it ends."""
        command = [*COMMAND, *arguments, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    @property
    def status(self) -> dict[str, Any]:
        path = self.data / "status" / f"ingest-{self.exchange}.json"
        return dict(json.loads(path.read_bytes())) if path.exists() else {}

    def figure(self, name: str) -> float:
        """A number of ingest's status, or how many oddities of this name it met; 0 while there is none."""
        if name in ODDITIES:
            return float(self.status.get("oddities", {}).get(name, 0))
        assert name in IngestStatus.__struct_fields__, name
        return float(self.status.get(name, 0))

    # What it left

    def raw(self, state: str = "ready") -> list[dict[str, Any]]:
        """All sealed raw rows in a state, in the order of their connections and sequences."""
        root = self.data / "raw" / state
        tables = [pq.read_table(path, partitioning=None) for path in sorted(root.rglob("*.parquet"))]
        rows = pa.concat_tables(tables).to_pylist() if tables else []
        return sorted(rows, key=lambda row: (row["conn"], row["seq"]))

    def ledger(self) -> list[dict[str, Any]]:
        """The gaps, each in its latest state."""
        last: dict[tuple[object, ...], dict[str, Any]] = {}
        for gap in sorted(self.table("gaps"), key=lambda gap: int(gap["as_of"])):
            last[gap["channel"], gap["symbol"], gap["from_timestamp"], gap["from_id"]] = gap
        return list(last.values())

    def table(self, name: str, state: str = "ready") -> list[dict[str, Any]]:
        """The rows of a table, file after file; times as integers of ns."""
        rows: list[dict[str, Any]] = []
        for path in sorted((self.data / "tables" / state / name).rglob("*.parquet")):
            table = pq.read_table(path, partitioning=None)
            for index, field in enumerate(table.schema):
                if pa.types.is_timestamp(field.type):
                    table = table.set_column(index, field.name, table[field.name].cast(pa.int64()))
            rows += table.to_pylist()
        return rows
