"""Which target serves a URL."""

from __future__ import annotations

from pathlib import Path

from .file_target import FileTarget
from .fsspec_target import FsspecTarget
from .settings import SyncSettings
from .target import Target

__all__ = ["open_target"]


def open_target(settings: SyncSettings) -> Target:
    """The target of ``settings.target``; nothing is asked of it yet.

    Raises `TargetError` where no driver serves this kind of URL.
    """
    scheme, separator, rest = settings.target.partition("://")
    if not separator:
        return FileTarget(Path(settings.target))
    if scheme in ("file", "local"):
        return FileTarget(Path(rest))
    if scheme in ("s3", "s3a"):
        # Here, so that a local lake does without the S3 client: half a second and 20 MB to import.
        from .s3_target import S3Target

        return S3Target(settings)
    return FsspecTarget(settings.target)
