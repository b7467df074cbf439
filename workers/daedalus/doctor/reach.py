"""Can the exchanges and the store be reached? The only checks that talk to somebody."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..config import Config
from ..sync.errors import TargetError
from .finding import Finding, bad, ok

__all__ = ["exchange", "nearest", "store"]

SECONDS = 10.0
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


def exchange(name: str, url: str) -> Finding:
    """Open a connection to the host of a URL, with its certificate checked, and close it."""
    check = f"{name} is reachable"
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme in ("wss", "https")
    try:
        port = parts.port or _PORTS[parts.scheme]
        with _connection(host, port, secure=secure) as plain:
            if secure:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except socket.gaierror:
        return bad(check, f"the name {host} is not known", "Is there a network? See resolvectl query.")
    except ssl.SSLCertVerificationError as error:
        return bad(
            check, f"{host}: {error.verify_message}", "Is the clock right? Is there a proxy in between?"
        )
    except OSError as error:
        return bad(
            check,
            f"{host}: {error.strerror or type(error).__name__}",
            "Check network and firewall; some exchanges do not serve some countries.",
        )
    return ok(check, host)


def _connection(host: str, port: int, *, secure: bool) -> socket.socket:
    """As the workers connect: through the proxy of the environment, where it names one."""
    proxies = urllib.request.getproxies()
    wanted = ("wss", "https") if secure else ("ws", "https", "http")
    proxy = next((proxies[scheme] for scheme in wanted if scheme in proxies), None)
    if proxy is None or urllib.request.proxy_bypass(f"{host}:{port}"):
        return socket.create_connection((host, port), timeout=SECONDS)
    parts = urlsplit(proxy)
    through = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=SECONDS)
    headers = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    through.set_tunnel(host, port, headers)
    try:
        through.connect()
    except OSError as error:
        raise OSError(error.errno, f"the proxy of the environment: {error.strerror or error}") from None
    return through.sock


def store(config: Config, ask: Callable[[Config], None]) -> Finding:
    """Ask the lake's store whether it knows us and has the place. A directory is only looked at."""
    check = "store is reachable"
    scheme, _, place = config.target.partition("://")
    if scheme == "file":
        return _directory(check, Path(place))
    try:
        ask(config)
    except TargetError as error:
        return bad(check, f"{error.target}: {error.problem}", error.remedy)
    return ok(check, config.target)


def _directory(check: str, place: Path) -> Finding:
    # Asking it as sync does would create it, owned by whoever asks.
    there = nearest(place)
    if os.access(there, os.W_OK | os.X_OK):
        return ok(check, str(place))
    return bad(
        check, f"{there} may not be written by this user", "Mount it, or give it to the workers' user."
    )


def nearest(path: Path) -> Path:
    """The path, or the nearest directory above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists() or each == each.parent)
