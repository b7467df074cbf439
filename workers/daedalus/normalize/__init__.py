"""Raw to tables: the schemas, the pure function, the worker around it, and the same for a plain file."""

from __future__ import annotations

from ..tables.registry import TABLES
from ..tables.table import Table
from .decode_file import decode_file, decode_lines
from .progress import Progress
from .rounds import normalize_ready
from .worker import run_normalize

__all__ = ["TABLES", "Progress", "Table", "decode_file", "decode_lines", "normalize_ready", "run_normalize"]
