"""The settings of sync as values; the command line makes them from the configuration."""

from __future__ import annotations

from ..storage.settings import StorageSettings

__all__ = ["SyncSettings"]


class SyncSettings(StorageSettings, frozen=True, kw_only=True):
    """Where the lake is, how to reach it, and how much of the disk may be used.

    ``budget_mb`` limits ``data_dir``; ``min_free_mb`` stays free on its disk (10^6 bytes; None: no limit).
    ``new_lake``: the target is a new lake on purpose, whatever is remembered.
    """

    include_raw: bool = False
    new_lake: bool = False
    interval_seconds: float = 30.0
    backoff_seconds: float = 1.0
    backoff_max_seconds: float = 300.0
    status_seconds: float = 5.0
    budget_mb: int | None = None
    min_free_mb: int | None = None
