"""Reading back what was recorded: what is there, whether it is complete, what a book was."""

from .books import BookAt, NoBookError, book_at
from .summary import TableSize, table_sizes

__all__ = [
    "BookAt",
    "NoBookError",
    "TableSize",
    "book_at",
    "table_sizes",
]
