"""A place for files (a folder, S3, any other fsspec URL), opened alike for writing and for reading a lake."""

from .errors import SourceGoneError, StoppedError, TargetError, TargetErrorKind
from .open import open_reader, open_target
from .reader import Found, Reader
from .settings import StorageSettings
from .target import Outcome, Receipt, Target

__all__ = [
    "Found",
    "Outcome",
    "Reader",
    "Receipt",
    "SourceGoneError",
    "StoppedError",
    "StorageSettings",
    "Target",
    "TargetError",
    "TargetErrorKind",
    "open_reader",
    "open_target",
]
