"""The configuration as typed, frozen values: every key with its default, its bounds and its meaning.

`make docs` writes docs/configuration.md and config/config.examples.yaml from the docstrings and descriptions
here (Markdown; `examples` are what the example file shows). ``_mb`` is 1,000,000 bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, SecretStr, Strict, model_validator

from ..units import MEGABYTE
from .exchange import Exchanges
from .fields import AlertUrl, HttpUrl, Location, PingUrl, Target, refuse
from .section import Megabytes, Seconds, Section

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
    """Where a configuration was read. It does not count when two configurations are compared.

    ``file``: None for a text that comes from no file. ``written``: the keys of the file, without defaults and
    without secrets from outside the file.
    """

    file: Path | None = field(default=None, compare=False)
    written: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


class Writer(Section):
    """How raw rows reach the disk."""

    queue_maxsize: int = Field(
        default=10_000,
        ge=1,
        le=10_000_000,
        title="rows",
        description="Rows that may wait for the disk before reading from the exchange pauses. A larger "
        "queue bridges longer stalls of a slow SD card and takes more memory.",
    )
    batch_size: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        title="rows",
        description="A batch is written when so many rows wait. Smaller batches lose less when the process "
        "is killed, larger ones compress better.",
    )
    batch_bytes: int = Field(
        default=1_048_576,
        ge=1_024,
        le=268_435_456,
        title="bytes",
        description="A batch is also written when its payloads reach this size: snapshots of books are "
        "large.",
    )
    flush_interval_seconds: Seconds = Field(
        default=5.0,
        description="Waiting rows are written and made durable (fsync) at the latest after this time. A "
        "power cut costs at most this much. Shorter intervals wear flash memory more.",
    )
    segment_max_mb: float = Field(
        default=100,
        ge=0.01,
        le=10_000,
        title="MB",
        description="A raw file is sealed at this size, or when its UTC hour is over. Smaller files reach "
        "the lake sooner, larger ones are fewer.",
    )
    min_free_mb: int = Field(
        default=500,
        ge=0,
        le=100_000_000,
        title="MB",
        description="With less free disk than this, recording waits, raises an alert and notes a gap "
        "instead of filling the disk. Below twice this value, `sync` deletes local copies of files that the "
        "lake has.",
    )

    @property
    def segment_max_bytes(self) -> int:
        return int(self.segment_max_mb * MEGABYTE)

    @property
    def min_free_bytes(self) -> int:
        return self.min_free_mb * MEGABYTE


class Normalize(Section):
    """How raw files become tables."""

    interval_seconds: Seconds = Field(
        default=2.0,
        description="Time between two looks for sealed raw files.",
    )


class Retention(Section):
    """How much disk the local copies of uploaded files may take."""

    max_disk_mb: Megabytes | None = Field(
        default=None,
        examples=[20_000],
        description="Size that `data_dir` may reach. Beyond it the oldest files that the lake has are "
        "deleted; a file that is not uploaded is never deleted. `null`: only `writer.min_free_mb` limits "
        "it.",
    )


class Sync(Section):
    """Where the lake is, and how files get there."""

    target: Target | None = Field(
        default=None,
        examples=["s3://my-lake/daedalus"],
        description="The lake: `s3://bucket/prefix`, `file:///mnt/nas/lake`, or any other URL that fsspec "
        "opens. `null`: the directory `lake` in `data_dir`. Refused, also behind a link: `data_dir` itself, "
        "a directory that contains it, and its own `raw`, `tables`, `status` and `logs`.",
    )
    endpoint_url: HttpUrl | None = Field(
        default=None,
        examples=["https://s3.example.org"],
        description="The S3 service, if it is not Amazon's: MinIO, SeaweedFS, Garage, R2, …",
    )
    region: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]+$",
        examples=["eu-central-1"],
        description="The region of the bucket, if the service asks for one.",
    )
    access_key: SecretStr | None = Field(
        default=None,
        examples=["…"],
        description="The key to the bucket. Give both keys or neither. A better place is a systemd "
        "credential or the environment: see [Secrets](#secrets).",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        examples=["…"],
        description="The secret that belongs to `access_key`: see [Secrets](#secrets).",
    )
    include_raw: bool = Field(
        default=False,
        description="Upload raw files too. Tables can then be computed again from the lake after a fix; the "
        "upload then carries everything twice. `daedalus sync --include-raw` overrides it.",
    )
    interval_seconds: Seconds = Field(
        default=30.0,
        description="Time between two looks for files to upload. A longer interval makes fewer and larger "
        "bursts.",
    )
    concurrency: int = Field(
        default=2,
        ge=1,
        le=64,
        title="files",
        description="Files that are uploaded at the same time. More helps on a line with high latency, "
        "fewer take less memory.",
    )
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
    """How large a worker may grow, swap included, before the watchdog acts."""

    warn_mb: Megabytes = Field(default=1_200, description="The watchdog warns at this size of a worker.")
    restart_mb: Megabytes = Field(
        default=1_800,
        description="The watchdog restarts a worker at this size, after what it received is on disk. Must "
        "be larger than `warn_mb`. Lower both on a machine with less than 4 GB.",
    )

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
    """Whom the watchdog tells."""

    urls: Annotated[tuple[AlertUrl, ...], Strict(False)] = Field(
        default=(),
        title="list of URLs",
        examples=[["ntfy://ntfy.sh/my-topic", "mailto://user:password@example.org"]],
        description="Where alerts go (mail, Telegram, ntfy, webhooks and a hundred more), as URLs of "
        "[apprise](https://appriseit.com/services). Each holds a key, so a better place is outside this "
        "file: see [Secrets](#secrets). `[]`: alerts are in the log only.",
    )
    dead_mans_ping: PingUrl | None = Field(
        default=None,
        examples=["https://hc-ping.com/your-uuid"],
        description="Fetched once a minute while the watchdog runs and its alerts can be delivered. A "
        "service such as healthchecks.io tells you when that stops: a machine cannot report that it is off.",
    )
    repeat_hours: float = Field(
        default=24.0,
        gt=0,
        le=8_760,
        title="hours",
        description="A problem that persists is reported again after this time.",
    )


class Log(Section):
    """How much the workers log."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Messages of this level and above are logged."
    )


class Config(Section):
    """The whole configuration."""

    data_dir: Location = Field(
        default=Path("data"),
        examples=["../data"],
        description="Where raw files, tables and status files are kept. A relative path starts at the "
        "directory of the configuration file, whatever the current directory is; `~` is the home directory. "
        "On a Pi, give an absolute path on a disk that endures writing.",
    )
    exchanges: Exchanges = Field(
        title="mapping", description="What is recorded: one entry per exchange, at least one."
    )
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
        """The same values with their origin."""
        config = self.model_copy()
        config._origin = origin
        return config

    def below(self, base: Path) -> Self:
        """The same values; a relative ``data_dir`` is taken from the directory ``base``."""
        place = self.data_dir if self.data_dir.is_absolute() else Path(os.path.normpath(base / self.data_dir))
        return self.model_copy(update={"data_dir": place})

    @property
    def workers(self) -> list[str]:
        """The workers that record, normalize and upload, by the names of their status files."""
        return [*(f"ingest-{name}" for name in self.exchanges), "normalize", "sync"]

    @property
    def target(self) -> str:
        """Where sync writes to: ``sync.target``, or else ``lake`` below the data directory."""
        return self.sync.target or f"file://{self.data_dir.absolute()}/lake"
