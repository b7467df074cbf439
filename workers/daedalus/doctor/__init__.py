"""Says what is wrong with machine and recorder, and what to do about it.

`examine` reads; each check is a pure function of what was read. Nothing is changed: the small file that
proves that data_dir takes a write is removed again. docs/troubleshooting.md follows the checks.
"""

from ..health.finding import Finding, Level
from .examine import examine
from .render import as_json, as_table

__all__ = ["Finding", "Level", "as_json", "as_table", "examine"]
