"""Recording one exchange: connections, the messages they bring, gaps, books, and the worker around them."""

from .worker import run_ingest

__all__ = ["run_ingest"]
