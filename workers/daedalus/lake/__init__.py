"""Reading back what was recorded: what is there, whether it is complete, what a book was."""

from .books import BookAt, NoBookError, book_at
from .summary import ChannelVerdict, Summary, TableSize, summarize

__all__ = [
    "BookAt",
    "ChannelVerdict",
    "NoBookError",
    "Summary",
    "TableSize",
    "book_at",
    "summarize",
]
