"""Whether exchanges and store can be reached. Only these checks use the network."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from websockets.headers import build_authorization_basic
from websockets.proxy import get_proxy, parse_proxy
from websockets.uri import parse_uri

from ..config import Config
from ..dial import connect
from ..health.finding import Finding, bad, ok
from ..storage.errors import TargetError
from ..store.lake_place import local_path

__all__ = ["exchange", "is_directory", "nearest", "store"]

SECONDS = 10.0
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}


def exchange(name: str, url: str) -> Finding:
    """Connect to the host of a URL, check its certificate, and close the connection."""
    check = f"{name} is reachable"
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme in ("wss", "https")
    try:
        port = parts.port or _PORTS[parts.scheme]
        with _connection(url, host, port) as plain:
            if secure:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except socket.gaierror:
        return bad(
            check,
            f"the name {host} is not known",
            f"Check the network and the name server. See: resolvectl query {host}",
        )
    except ssl.SSLCertVerificationError as error:
        return bad(
            check, f"{host}: {error.verify_message}", "Is the clock right? Is there a proxy in between?"
        )
    except OSError as error:
        return bad(
            check,
            f"{host}: {error.strerror or error or type(error).__name__}",
            "Check network and firewall; some exchanges do not serve some countries.",
        )
    return ok(check, host)


def _connection(url: str, host: str, port: int) -> socket.socket:
    """Connect as the workers do: through the proxy of the environment, if it names one."""
    named = get_proxy(parse_uri(url))
    if named is None:
        return connect((host, port), SECONDS)
    proxy = parse_proxy(named)
    through = http.client.HTTPConnection(proxy.host, proxy.port, timeout=SECONDS)
    user = proxy.user_info
    through.set_tunnel(host, port, {"Proxy-Authorization": build_authorization_basic(*user)} if user else {})
    try:
        through.connect()
    except OSError as error:
        raise OSError(error.errno, f"the proxy of the environment: {error.strerror or error}") from None
    return through.sock


def store(config: Config, ask: Callable[[Config], None]) -> Finding:
    """Ask the store whether it knows the key and has the place, and whether the known lake is there."""
    check = "store is reachable"
    try:
        ask(config)
    except TargetError as error:
        return bad(check, f"{error.target}: {error.problem}", error.remedy)
    return ok(check, config.target)


def is_directory(config: Config) -> bool:
    """Whether the lake is a directory of this machine, which can be checked offline."""
    return local_path(config.target) is not None


def nearest(path: Path) -> Path:
    """The path, or the nearest directory above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists() or each == each.parent)
