"""Checks the HTTP proxies that the environment names, before anything connects through them.

The libraries (websockets, urllib, aiohttp) read the same variables. Each fails on other mistakes in them,
some with the password in the message.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

from .problems import Problem

__all__ = ["wrong_proxies"]

_USED = ("https", "http", "wss", "ws", "socks")
_REMEDY = "Write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or unset it."


def wrong_proxies(proxies: Mapping[str, str] | None = None) -> list[Problem]:
    """The problems of ``proxies`` (by scheme; None: those of the environment)."""
    proxies = urllib.request.getproxies() if proxies is None else proxies
    if proxies.get("no", "").strip() == "*":
        return []
    found = {scheme: _wrong(scheme, proxies[scheme]) for scheme in _USED if scheme in proxies}
    return [
        Problem(f"the environment's {scheme.upper()}_PROXY", 0, (), f"{problem}. {_REMEDY}")
        for scheme, problem in found.items()
        if problem
    ]


def _wrong(scheme: str, url: str) -> str:
    """The problem in words, "" if there is none. The value is not repeated: it may contain a password."""
    if scheme == "socks" or url.startswith("socks"):
        return "SOCKS proxies are not supported"
    if not url.startswith("http://"):
        return (
            "does not begin with http:// (the proxy itself is spoken to without TLS, also for https and wss)"
        )
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        port = 0
    if not port or not parts.hostname:
        return "names no host, or no port that is a number (write / ? # @ in a password as %2F %3F %23 %40)"
    if parts.username is not None and parts.password is None:
        return "has a user without a password"
    return "has a path" if parts.path.strip("/") or parts.query or parts.fragment else ""
