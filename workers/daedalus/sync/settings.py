"""What sync needs to know, as values; the configuration is mapped to it at the edge."""

from __future__ import annotations

from ..storage.settings import StorageSettings

__all__ = ["SyncSettings"]


class SyncSettings(StorageSettings, frozen=True, kw_only=True):
    """Where the lake is and how to get there, and how much of the disk may be kept.

    ``budget_mb`` limits ``data_dir`` and ``min_free_mb`` is left free on its disk (10^6 bytes; None: keep
    everything). ``new_lake``: what lies at ``target`` now is the lake from now on, whatever was known of it.
    """

    include_raw: bool = False
    new_lake: bool = False
    interval_seconds: float = 30.0
    backoff_seconds: float = 1.0
    backoff_max_seconds: float = 300.0
    status_seconds: float = 5.0
    budget_mb: int | None = None
    min_free_mb: int | None = None
