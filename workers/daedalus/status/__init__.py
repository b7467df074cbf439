"""What every worker is doing, for people and for machines, as its status file says."""

from .installed import elsewhere
from .observe import observe
from .render import as_json, as_table
from .view import Row, view

__all__ = ["Row", "as_json", "as_table", "elsewhere", "observe", "view"]
