"""An HTTP proxy on loopback in front of a real server, which changes or drops answers by a rule."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answer", "FaultyProxy", "Request", "faulty_proxy"]


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """One answer, from the server or invented."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def error(cls, status: int, code: str) -> Answer:
        """An S3 error."""
        body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
        return cls(status, {"Content-Type": "application/xml"}, body)

    def without(self, prefix: str) -> Answer:
        """The same without the headers with this prefix."""
        kept = {k: v for k, v in self.headers.items() if not k.lower().startswith(prefix)}
        return Answer(self.status, kept, self.body)


Forward = Callable[[], Answer]


@dataclass
class FaultyProxy:
    """``rule`` gets each request and a function that forwards it, and returns the answer."""

    endpoint_url: str
    rule: Callable[[Request, Forward], Answer]
    requests: list[Request] = field(default_factory=list)

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.requests)


@contextmanager
def faulty_proxy(port: int, rule: Callable[[Request, Forward], Answer]) -> Iterator[FaultyProxy]:
    """Stand before the server on this loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            proxy.requests.append(request)
            answer = proxy.rule(request, lambda: _forward(port, request))
            self.send_response(answer.status)
            sized = any(name.lower() == "content-length" for name in answer.headers)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not sized:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = FaultyProxy(f"http://127.0.0.1:{server.server_address[1]}", rule)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def _forward(port: int, request: Request) -> Answer:
    # The Host header is kept as it came: it is part of what the client signed.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name.lower() != "expect":
                connection.putheader(name, value)
        connection.endheaders(request.body)
        answer = connection.getresponse()
        body = answer.read()
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("transfer-encoding", "connection", "date", "server")
        }
        if request.method != "HEAD":
            kept = {name: value for name, value in kept.items() if name.lower() != "content-length"}
        return Answer(answer.status, kept, body)
    finally:
        connection.close()
