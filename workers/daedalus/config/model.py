"""The configuration as typed, frozen values: every key, its default and its bounds.

What each key is for stands in config/config.examples.yaml and docs/configuration.md; tests hold the
three together. ``_mb`` is 1,000,000 bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, SecretStr, Strict, model_validator

from .exchange import Exchanges
from .fields import AlertUrl, HttpUrl, Location, PingUrl, Target, refuse
from .section import MEGABYTE, Megabytes, Seconds, Section

__all__ = [
    "Alerts",
    "Config",
    "Log",
    "Memory",
    "Normalize",
    "Origin",
    "Retention",
    "Sync",
    "Writer",
]


@dataclass(frozen=True)
class Origin:
    """Where a configuration was read. Two are equal by what they say, wherever each comes from.

    ``file``: None where there is none. ``written``: its keys as they stand there, without defaults, and
    without the secrets that lie outside of it.
    """

    file: Path | None = field(default=None, compare=False)
    written: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


class Writer(Section):
    """How raw rows reach the disk."""

    queue_maxsize: int = Field(default=10_000, ge=1, le=10_000_000)
    batch_size: int = Field(default=1_000, ge=1, le=1_000_000)
    batch_bytes: int = Field(default=1_048_576, ge=1_024, le=268_435_456)
    flush_interval_seconds: Seconds = 5.0
    segment_max_mb: float = Field(default=100, ge=0.01, le=10_000)
    min_free_mb: int = Field(default=500, ge=0, le=100_000_000)

    @property
    def segment_max_bytes(self) -> int:
        return int(self.segment_max_mb * MEGABYTE)

    @property
    def min_free_bytes(self) -> int:
        return self.min_free_mb * MEGABYTE


class Normalize(Section):
    """How often raw files become tables."""

    interval_seconds: Seconds = 2.0


class Retention(Section):
    """How much disk files that were uploaded may keep; None: as much as there is."""

    max_disk_mb: Megabytes | None = None

    @property
    def max_disk_bytes(self) -> int | None:
        return None if self.max_disk_mb is None else self.max_disk_mb * MEGABYTE


class Sync(Section):
    """Where the lake is, and how files get there. ``target`` None: see `Config.target`."""

    target: Target | None = None
    endpoint_url: HttpUrl | None = None
    region: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    include_raw: bool = False
    interval_seconds: Seconds = 30.0
    concurrency: int = Field(default=2, ge=1, le=64)
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _keys_come_in_pairs(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            given, absent = (
                ("secret_key", "access_key") if self.access_key is None else ("access_key", "secret_key")
            )
            raise refuse(
                f"{given} is given, {absent} is not. Give both, or neither for the AWS_* environment."
            )
        return self


class Memory(Section):
    """At which size of a worker, swap included, the watchdog warns, and at which it restarts it."""

    warn_mb: Megabytes = 1_200
    restart_mb: Megabytes = 1_800

    @model_validator(mode="after")
    def _warn_comes_first(self) -> Self:
        if self.warn_mb >= self.restart_mb:
            raise refuse(
                f"warn_mb must be below restart_mb, got {self.warn_mb} and {self.restart_mb}. "
                f"Write warn_mb: {self.restart_mb * 2 // 3} or a larger restart_mb."
            )
        return self

    @property
    def warn_bytes(self) -> int:
        return self.warn_mb * MEGABYTE

    @property
    def restart_bytes(self) -> int:
        return self.restart_mb * MEGABYTE


class Alerts(Section):
    """Whom the watchdog tells, as URLs of apprise, and how often it repeats what goes on."""

    urls: Annotated[tuple[AlertUrl, ...], Strict(False)] = ()
    dead_mans_ping: PingUrl | None = None
    repeat_hours: float = Field(default=24.0, gt=0, le=8_760)


class Log(Section):
    """How much the workers say."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole configuration."""

    data_dir: Location = Path("data")
    exchanges: Exchanges
    writer: Writer = Writer()
    normalize: Normalize = Normalize()
    sync: Sync = Sync()
    memory: Memory = Memory()
    alerts: Alerts = Alerts()
    log: Log = Log()

    _origin: Origin = PrivateAttr(default=Origin())

    @property
    def origin(self) -> Origin:
        return self._origin

    def of(self, origin: Origin) -> Self:
        """The same, knowing where it comes from."""
        config = self.model_copy()
        config._origin = origin
        return config

    def below(self, base: Path) -> Self:
        """The same with its ``data_dir`` below ``base``, where it is relative."""
        place = self.data_dir if self.data_dir.is_absolute() else Path(os.path.normpath(base / self.data_dir))
        return self.model_copy(update={"data_dir": place})

    @property
    def target(self) -> str:
        """Where sync writes to: ``sync.target``, or else ``lake`` below the data directory."""
        return self.sync.target or f"file://{self.data_dir.absolute()}/lake"
