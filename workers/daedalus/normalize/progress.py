"""What the normalizer has done since its start."""

from __future__ import annotations

from msgspec import Struct

from ..worker.status import NormalizeStatus, Process, State

__all__ = ["Progress"]


class Progress(Struct):
    """Counts since the start. ``trouble``: which segments cannot be done for now, and why, in one line."""

    segments: int = 0
    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0
    damaged: int = 0
    waiting: int = 0
    trouble: str = ""

    @property
    def state(self) -> State:
        return "blocked" if self.trouble else "running"

    @property
    def line(self) -> str:
        """How it goes, in one line for `systemctl status`."""
        done = f"{self.segments} segments done, {self.waiting} waiting, gaps {self.gaps}"
        return self.trouble or done

    def status(self, process: Process, state: State) -> NormalizeStatus:
        """The same as a status file has it."""
        return NormalizeStatus(
            process=process,
            state=state,
            note=self.trouble,
            segments=self.segments,
            segments_waiting=self.waiting,
            damaged=self.damaged,
            messages=self.messages,
            rows=self.rows,
            duplicates=self.duplicates,
            undecodable=self.undecodable,
            gaps=self.gaps,
        )
