"""Which target and which reader serve a URL."""

from __future__ import annotations

from ..store.lake_place import local_path
from .local_reader import LocalReader
from .local_target import LocalTarget
from .reader import Reader
from .settings import StorageSettings, public_url
from .target import Target

__all__ = ["is_s3", "open_reader", "open_target"]

# Drivers are imported where they are needed: a folder needs none, and the S3 client takes half a second and
# 20 MB.


def open_target(settings: StorageSettings) -> Target:
    """The target at ``settings.target``; no request is sent yet.

    Raises `TargetError` if no driver serves this kind of URL.
    """
    folder = local_path(settings.target)
    if folder is not None:
        return LocalTarget(folder)
    if is_s3(settings.target):
        from .s3_target import S3Target

        return S3Target(settings)
    from .fsspec_target import FsspecTarget

    return FsspecTarget(settings.target)


def open_reader(settings: StorageSettings) -> Reader:
    """The reader of ``settings.target``; no request is sent yet. Raises as `open_target` does."""
    folder = local_path(settings.target)
    if folder is not None:
        return LocalReader(folder)
    if is_s3(settings.target):
        from .s3_client import S3Reader

        return S3Reader(settings)
    from .fsspec_reader import FsspecReader
    from .fsspec_target import other_filesystem

    return FsspecReader(public_url(settings.target).rstrip("/"), *other_filesystem(settings.target))


def is_s3(target: str) -> bool:
    """Whether a target is a bucket of S3 or of a store with its protocol."""
    return target.startswith(("s3://", "s3a://"))
