"""The settings of a store, taken from a configuration: for sync and for the readers of a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Config
    from ..storage import StorageSettings
    from ..sync import SyncSettings

__all__ = ["lake_settings", "sync_settings"]


def sync_settings(config: Config, include_raw: bool | None, *, new_lake: bool = False) -> SyncSettings:
    """The settings of sync. ``include_raw`` None: as configured."""
    from ..sync import SyncSettings

    about = config.sync
    return SyncSettings(
        target=config.target,
        endpoint_url=about.endpoint_url,
        access_key=about.access_key.get_secret_value() if about.access_key else None,
        secret_key=about.secret_key.get_secret_value() if about.secret_key else None,
        region=about.region,
        include_raw=about.include_raw if include_raw is None else include_raw,
        new_lake=new_lake,
        concurrency=about.concurrency,
        interval_seconds=about.interval_seconds,
        budget_mb=about.retention.max_disk_mb,
        # Twice the writer's limit: local copies of uploaded files give way before recording has to wait.
        min_free_mb=2 * config.writer.min_free_mb,
    )


def lake_settings(where: str | None, config: Path | None) -> StorageSettings:
    """The lake at ``where`` (None: the configured one), with the keys of a configuration if there is one."""
    import msgspec

    from ..config import ConfigError, load_config
    from ..storage import StorageSettings

    try:
        settings: StorageSettings = sync_settings(load_config(config), None)
    except ConfigError:
        if where is None or config is not None:
            raise
        settings = StorageSettings(target=where)
    return settings if where is None else msgspec.structs.replace(settings, target=where)
