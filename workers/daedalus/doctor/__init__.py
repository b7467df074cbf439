"""Says what is wrong with machine and recorder, and what to do about it. Reads and asks, and changes nothing:
the small file that proves that data_dir takes a write is gone when it ends.

Each check is a pure function of what was read; `examine` reads. docs/troubleshooting.md follows it.
"""

from ..health.finding import Finding, Level
from .examine import examine
from .render import as_json, as_table

__all__ = ["Finding", "Level", "as_json", "as_table", "examine"]
