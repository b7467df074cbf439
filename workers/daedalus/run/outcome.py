"""The outcome of a run: which exchanges delivered messages, and why the others did not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from ..errors import FAILED, LOCKED, USAGE
from ..store.layout import Layout
from ..worker.status import IngestStatus, read_status
from .children import Child

__all__ = ["Outcome"]


class Outcome:
    """Follows the ingest workers by their status files, also over restarts."""

    def __init__(self, layout: Layout, ingest: Sequence[Child]) -> None:
        self._layout = layout
        self._ingest = ingest
        self._begun_ns = time.time_ns()
        self._brought: set[str] = set()

    def look(self) -> None:
        """Note which workers have received messages by now."""
        for each in self._ingest:
            if each.name in self._brought:
                continue
            status = read_status(self._layout.status, each.name)
            if not isinstance(status, IngestStatus) or status.process.started_ns < self._begun_ns:
                continue  # of an earlier run
            if status.messages > 0:
                self._brought.add(each.name)

    def refused(self, children: Iterable[Child]) -> bool:
        """Whether to give up: every ingest worker refused to run, or another instance runs here."""
        codes = [each.refused for each in children]
        return LOCKED in codes or all(each.refused is not None for each in self._ingest)

    def complaints(self, children: Iterable[Child]) -> list[str]:
        """One line with the reason for each worker that refused to run and each exchange without messages."""
        self.look()
        lines = []
        for each in children:
            why = each.trouble()
            if each.refused is not None:
                lines.append(f"{each.name} refused to run: {why or f'exit code {each.refused}'}")
            elif each in self._ingest and each.name not in self._brought:
                lines.append(
                    f"Nothing was recorded by {each.name}: {why or 'no message came'}. See {each.log_path}"
                )
        return lines

    def code(self, children: Iterable[Child], clean: bool) -> int:
        """The exit code."""
        refusals = {each.refused for each in children if each.refused is not None}
        if LOCKED in refusals:
            return LOCKED
        if refusals and all(each.refused == USAGE for each in self._ingest):
            return USAGE
        silent = any(each.name not in self._brought for each in self._ingest)
        return FAILED if refusals or silent or not clean else 0
