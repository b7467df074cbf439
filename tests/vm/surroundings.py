"""What a recorder in the machine has around it, on this computer's loopback: exchanges, an S3 store, a
person.

    python tests/vm/surroundings.py start FOLDER [HOST]     FOLDER/surroundings.json says where each is
    python tests/vm/surroundings.py stop FOLDER

QEMU shows 127.0.0.1 of this computer to the machine as 10.0.2.2; HOST is how another machine reaches it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))

from support.processes import simulated  # noqa: E402
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server, weed_binary  # noqa: E402
from vm.alerts import AlertReceiver  # noqa: E402

__all__ = ["BUCKET", "HOST", "RATES", "Surroundings"]

HOST = "10.0.2.2"
BUCKET = "lake"
RATES = {"binance": "40", "coinbase_exchange": "10"}
"""Steps per second: little, since the machine's processors are emulated."""
ALERT_WORD = "a-word-that-only-the-receiver-knows"


class Surroundings:
    """Started with the object, ended with `close`. ``about`` is what a machine must know of it."""

    def __init__(self, folder: Path, host: str = HOST) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.host = host
        self.alerts_file = folder / "alerts.jsonl"
        self._exchanges: dict[str, ExitStack] = {}
        self._ports: dict[str, int] = {}
        self.receiver = AlertReceiver(self.alerts_file)
        weed = weed_binary()
        if weed is None:
            raise SystemExit("the S3 server is not installed: make .venv/.dev")
        self.s3 = S3Server(weed, folder / "s3")
        self.s3.start()
        self.s3.new_bucket(BUCKET)
        for exchange in RATES:
            self.open(exchange)
        self.about: dict[str, Any] = {
            "pid": os.getpid(),
            "ports": [*self._ports.values(), self.s3.port, self.receiver.port],
            "exchanges": self._ports,
            "s3": {
                "port": self.s3.port,
                "access_key": ACCESS_KEY,
                "secret_key": SECRET_KEY,
                "bucket": BUCKET,
            },
            "alert_url": f"json://{host}:{self.receiver.port}/{ALERT_WORD}",
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(self.configuration(), sort_keys=False))
        aside = folder / "surroundings.new"
        aside.write_text(json.dumps(self.about))
        aside.rename(folder / "surroundings.json")

    def configuration(self) -> dict[str, Any]:
        """The recorder's configuration: small files, so that they reach the store within a test's time."""
        return {
            "data_dir": "data",
            "exchanges": {
                exchange: {
                    "symbols": symbols,
                    "websocket_url": f"ws://{self.host}:{self._ports[exchange]}",
                    "rest_url": f"http://{self.host}:{self._ports[exchange]}",
                }
                for exchange, symbols in {
                    "binance": ["BTCUSDT", "ETHUSDT"],
                    "coinbase_exchange": ["BTC-USD"],
                }.items()
            },
            "writer": {"segment_max_mb": 1},
            "sync": {
                "target": f"s3://{BUCKET}/vm",
                "endpoint_url": f"http://{self.host}:{self.s3.port}",
                "region": "us-east-1",
                "include_raw": True,
                "interval_seconds": 10,
            },
            "alerts": {"dead_mans_ping": f"http://{self.host}:{self.receiver.port}/alive"},
        }

    def open(self, name: str, *options: str) -> None:
        """Open an exchange, at the port that it had."""
        stack = ExitStack()
        exchange = simulated(name, "--rate", RATES[name], *options, port=self._ports.get(name, 0))
        self._ports[name] = stack.enter_context(exchange)
        self._exchanges[name] = stack

    def shut(self, exchange: str) -> None:
        """Close an exchange at once, its connections included."""
        self._exchanges.pop(exchange).close()

    def close(self) -> None:
        for exchange in list(self._exchanges):
            self.shut(exchange)
        self.s3.kill()
        self.receiver.close()


def _serve(folder: Path, host: str = HOST) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    surroundings = Surroundings(folder, host)
    stop.wait()
    surroundings.close()


def _start(folder: Path, host: str = HOST) -> None:
    (folder / "surroundings.json").unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "surroundings.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, "serve", folder, host],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    ends_at = time.monotonic() + 180
    while not (folder / "surroundings.json").exists():
        if process.poll() is not None or time.monotonic() > ends_at:
            process.terminate()
            raise SystemExit(f"the surroundings do not start:\n{(folder / 'surroundings.log').read_text()}")
        time.sleep(0.1)


def _stop(folder: Path) -> None:
    try:
        pid = int(json.loads((folder / "surroundings.json").read_bytes())["pid"])
        if b"surroundings.py" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return
    ends_at = time.monotonic() + 30
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        if time.monotonic() > ends_at:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)


if __name__ == "__main__":
    {"start": _start, "serve": _serve, "stop": _stop}[sys.argv[1]](Path(sys.argv[2]).resolve(), *sys.argv[3:])
