"""What sync needs to know, as values; the configuration is mapped to it at the edge."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["SyncSettings"]


class SyncSettings(Struct, frozen=True, kw_only=True):
    """Where the lake is, how to get there, and how much of the disk may be kept.

    ``target``: any fsspec URL, or a plain path. ``access_key`` and ``secret_key`` None
    means the usual chain: environment, ``~/.aws``, instance role. ``budget_mb`` limits
    ``data_dir`` and ``min_free_mb`` is left free on its disk (10^6 bytes; None: keep everything).
    ``new_lake``: what lies at ``target`` now is the lake from now on, whatever was known of it.
    """

    target: str
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    region: str | None = None
    include_raw: bool = False
    new_lake: bool = False
    concurrency: int = 2
    interval_seconds: float = 30.0
    backoff_seconds: float = 1.0
    backoff_max_seconds: float = 300.0
    status_seconds: float = 5.0
    budget_mb: int | None = None
    min_free_mb: int | None = None

    def __repr__(self) -> str:
        # Settings end up in logs and tracebacks; the credentials must not.
        return f"SyncSettings(target={public_url(self.target)!r}, include_raw={self.include_raw}, …)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("target", public_url(self.target))]


def public_url(url: str) -> str:
    """The URL without what may be secret in it: user, password and query."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
