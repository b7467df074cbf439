"""Order books rebuilt from their stored updates, and held against the recorder's digests."""

from .book_at import book_at, moment
from .search import BookAt, NoBookError

__all__ = ["BookAt", "NoBookError", "book_at", "moment"]
