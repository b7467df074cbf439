"""Recording one exchange: its websockets' life, the bounded queue, snapshots, and what is told of it."""

from .worker import run_ingest

__all__ = ["run_ingest"]
