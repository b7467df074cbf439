"""A webhook that keeps what it is told, and a configuration that tells it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from daedalus.config import Config, parse_config


@pytest.fixture(autouse=True)
def a_kernel_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel of this machine says of its disks meanwhile is no part of a test."""
    folder = tmp_path_factory.mktemp("kernel")
    for name in ("journalctl", "dmesg"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


class Webhook:
    """An HTTP server on loopback. ``alerts``: the messages posted; ``pings``: the paths fetched."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.pings: list[str] = []
        self.refuses = False
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not hook.refuses:
                    hook.alerts.append(json.loads(body))
                self.send_response(500 if hook.refuses else 200)
                self.end_headers()

            def do_GET(self) -> None:
                hook.pings.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    yield hook
    hook.stop()


@pytest.fixture
def configured(tmp_path: Path, webhook: Webhook) -> Callable[..., Config]:
    """A configuration that tells the webhook and pings it; the argument is appended."""

    def make(text: str = "") -> Config:
        content = (
            f"data_dir: {tmp_path}/data\n"
            "exchanges: {binance: {symbols: [BTCUSDT]}}\n"
            f"alerts: {{urls: ['json://127.0.0.1:{webhook.port}/hunter2hunter2'], "
            f"dead_mans_ping: 'http://127.0.0.1:{webhook.port}/ping/1'}}\n"
        )
        return parse_config((content + text).encode(), "test")

    return make
