"""Which target serves a URL."""

from __future__ import annotations

from pathlib import Path

from .filesystems import is_local, is_s3
from .fsspec import FsspecTarget
from .local import FileTarget
from .settings import StorageSettings
from .target import Target

__all__ = ["open_target"]


def open_target(settings: StorageSettings) -> Target:
    """The target of ``settings.target``; nothing is asked of it yet.

    Raises `TargetError` where no driver serves this kind of URL.
    """
    if is_local(settings.target):
        return FileTarget(Path(settings.target.rpartition("://")[2]))
    if is_s3(settings.target):
        # Here, so that a local lake does without the S3 client: half a second and 20 MB to import.
        from .s3 import S3Target

        return S3Target(settings)
    return FsspecTarget(settings.target)
