"""Reading back what was recorded: what is there, whether it is complete, what a book was.

`reader` finds a lake's files and reads their rows, each held against its checksums. Three rooms build on it:
`books` rebuilds an order book, `audit` proves what is complete, `merge` joins the lakes of two recorders.
"""

from .books import BookAt, NoBookError, book_at
from .reader import Lake, open_lake

__all__ = ["BookAt", "Lake", "NoBookError", "book_at", "open_lake"]
