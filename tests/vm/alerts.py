"""Takes the alerts that a machine sends to ``json://`` URLs, and its dead man's pings, into a file."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["AlertReceiver", "read_alerts"]


class AlertReceiver:
    """A server on 127.0.0.1. Each alert is a line of JSON in ``path``: ``at``, ``title``, ``text``."""

    def __init__(self, path: Path, port: int = 0) -> None:
        path.touch()
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                line = {"at": time.time(), "title": body.get("title"), "text": body.get("message")}
                with lock, path.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def read_alerts(path: Path) -> list[dict[str, Any]]:
    """What has come, oldest first."""
    return [json.loads(line) for line in path.read_text().splitlines()]
