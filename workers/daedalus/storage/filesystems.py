"""How a store is opened: in one place, for what writes a lake and for what reads it back.

Timeouts, repetitions, checksums and credentials are the same for both.
"""

from __future__ import annotations

from typing import Any

import fsspec

from .errors import TargetError, TargetErrorKind
from .settings import StorageSettings, public_url

__all__ = ["is_local", "is_s3", "other_filesystem", "s3_filesystem"]

CONNECT_SECONDS = 15
ANSWER_SECONDS = 60  # from the end of a request to its answer


def is_local(target: str) -> bool:
    """Whether a target is a folder of this machine: a plain path, or a URL of one."""
    scheme, separator, _ = target.partition("://")
    return not separator or scheme in ("file", "local")


def is_s3(target: str) -> bool:
    scheme, separator, _ = target.partition("://")
    return bool(separator) and scheme in ("s3", "s3a")


def s3_filesystem(settings: StorageSettings) -> Any:  # noqa: ANN401 - fsspec has no types
    """The S3 client of these settings; nothing is asked of the store yet."""
    # Here, so that a local lake does without the S3 client: half a second and 20 MB to import.
    import s3fs

    filesystem = s3fs.S3FileSystem(
        key=settings.access_key,
        secret=settings.secret_key,
        endpoint_url=settings.endpoint_url,
        client_kwargs={"region_name": settings.region} if settings.region else {},
        config_kwargs={
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            # One quick repetition for a kept connection that went stale; who asks does the rest.
            "retries": {"mode": "standard", "total_max_attempts": 2},
            # We name the checksum; the client's own default one is unknown to many stores.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            "max_pool_connections": max(10, settings.concurrency * 2),
        },
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    filesystem.retries = 1  # its own repetitions come on top: a dead store would hold a reader for minutes
    return filesystem


def other_filesystem(target: str) -> tuple[Any, str]:
    """The filesystem of any other fsspec URL, and the path in it.

    Raises `TargetError` where no driver serves this kind of URL.
    """
    try:
        filesystem, root = fsspec.core.url_to_fs(target)
    except (ImportError, ValueError) as error:
        raise TargetError(
            TargetErrorKind.SETTINGS,
            public_url(target).rstrip("/"),
            f"no driver for this kind of URL ({type(error).__name__})",
            "Write file://… or s3://…, or install the fsspec driver of this one.",
        ) from None
    return filesystem, root.rstrip("/")
