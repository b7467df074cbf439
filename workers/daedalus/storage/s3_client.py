"""Opens S3, with the same client for reading and for writing."""

from __future__ import annotations

from typing import Any

import s3fs

from .errors import TargetError
from .fsspec_reader import FsspecReader
from .s3_errors import from_s3_error
from .settings import StorageSettings, public_url

__all__ = ["S3Reader", "s3_filesystem"]

CONNECT_SECONDS = 15
ANSWER_SECONDS = 60  # from the end of a request to its answer


def s3_filesystem(settings: StorageSettings) -> Any:  # noqa: ANN401 - fsspec has no types
    """The S3 client of these settings; no request is sent yet."""
    filesystem = s3fs.S3FileSystem(
        key=settings.access_key,
        secret=settings.secret_key,
        endpoint_url=settings.endpoint_url,
        client_kwargs={"region_name": settings.region} if settings.region else {},
        config_kwargs={
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            # One quick repetition for a stale kept connection; callers do the rest.
            "retries": {"mode": "standard", "total_max_attempts": 2},
            # We choose the checksum; many stores do not support the client's default.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            "max_pool_connections": max(10, settings.concurrency * 2),
        },
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    filesystem.retries = 1  # s3fs repeats on top of that: a dead store would hold a reader for minutes
    return filesystem


class S3Reader(FsspecReader):
    """A `Reader` below ``s3://bucket/prefix``."""

    def __init__(self, settings: StorageSettings) -> None:
        url = public_url(settings.target).rstrip("/")
        super().__init__(url, s3_filesystem(settings), url.partition("://")[2])

    def _target_error(self, error: Exception, place: str) -> TargetError:
        # The driver turns the client's errors into Python's, with the store's text in them.
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        return from_s3_error(cause, self.url, self.url, place)
