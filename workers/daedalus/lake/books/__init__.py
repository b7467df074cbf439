"""Order books rebuilt from their stored updates, and held against the recorder's digests."""

from .book_at import BookAt, NoBookError, book_at, moment

__all__ = ["BookAt", "NoBookError", "book_at", "moment"]
