"""How to reach a place for files, as values; the command line makes them from the configuration."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["StorageSettings", "public_url"]


class StorageSettings(Struct, frozen=True, kw_only=True):
    """Where the files are, and how to reach them.

    ``target``: any fsspec URL, or a path. ``access_key`` and ``secret_key``: None means the usual chain of
    environment, ``~/.aws`` and instance role. ``concurrency``: how many files are sent at once.
    """

    target: str
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    region: str | None = None
    concurrency: int = 2

    def __repr__(self) -> str:
        # Settings appear in logs and tracebacks; credentials must not.
        return f"{type(self).__name__}(target={public_url(self.target)!r}, …)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("target", public_url(self.target))]


def public_url(url: str) -> str:
    """The URL without user, password and query, which may be secret."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
