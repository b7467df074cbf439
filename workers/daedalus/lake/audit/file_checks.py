"""Reads the files of one channel for an audit, and gathers what is wrong with each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute

from ...exchanges.times import IMPLAUSIBLE_NS
from ...storage.errors import TargetError
from ...tables.content import Content
from ...units import counted
from ..days import bounds_of
from ..reader import Lake, LakeFile
from ..table_file import DamagedFileError
from .report import Finding

pc: Any = pyarrow.compute

__all__ = ["FileChecks", "misplaced_rows"]

_WRITTEN_AGAIN = (
    "it has no checksum of its rows, while other files of its segment have one: it was written again"
)


class FileChecks:
    """Reads files one after the other. A finding about one of them stops nothing.

    ``covers``: whether a day was asked for; ``files``, ``bytes`` and findings about rows are of those days.
    ``progress`` is told the bytes read. ``intact``: whether the last file was read to its end and has every
    row that was written.
    """

    def __init__(self, lake: Lake, covers: Callable[[str], bool], progress: Callable[[int], None]) -> None:
        self.findings: list[Finding] = []
        self.files = self.bytes = 0
        self.intact = False
        self._lake, self._covers, self._progress = lake, covers, progress
        self._claims: dict[int, dict[str, bool]] = {}
        self._seen: dict[tuple[object, ...], str] = {}

    def batches(self, file: LakeFile, content: Content | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a file; of a damaged one those before the damage.

        Raises `TargetError` if the store as a whole does not answer.
        """
        self.intact = False
        claimed = True
        try:
            claimed = self.intact = yield from self._lake.batches(file, content=content or Content())
        except DamagedFileError as damage:
            self.findings.append(Finding.of(file.key, damage))
        except TargetError as error:
            if error.kind.concerns_whole_store:
                raise
            self.findings.append(Finding("unreadable", file.key, error.problem))
        if self._covers(file.date):
            self._claims.setdefault(file.number, {})[file.key] = claimed
            self.files += 1
            self.bytes += file.size
            self._progress(file.size)

    def check_rows(self, file: LakeFile, content: Content, misplaced: int) -> None:
        """Note rows of another day, and a file with the same rows as one before."""
        if not self._covers(file.date):
            return
        if misplaced:
            rows = counted(misplaced, "row is", "rows are")
            text = f"{rows} in the folder of another day"
            self.findings.append(Finding("misplaced", file.key, text))
        claim = content.claim("")
        key = file.table, claim.rows, *claim.columns.items()
        if claim.rows and key in self._seen:
            self.findings.append(Finding("duplicate file", file.key, f"the same rows as {self._seen[key]}"))
        self._seen[key] = file.key

    @property
    def unclaimed(self) -> int:
        """How many files have no checksum of the rows they were written with."""
        return sum(not claimed for files in self._claims.values() for claimed in files.values())

    def written_again(self) -> list[Finding]:
        """Files without a checksum of their rows, while others of the same segment have one."""
        return [
            Finding("altered", key, _WRITTEN_AGAIN)
            for files in self._claims.values()
            if any(files.values())
            for key, claimed in files.items()
            if not claimed
        ]


def misplaced_rows(batch: pa.RecordBatch, file: LakeFile) -> int:
    """How many rows lie under another day than theirs; a timestamp that is hours off decides no day."""
    day = bounds_of(file.date)
    exchange, local = (batch.column(name).cast(pa.int64()) for name in ("timestamp", "local_timestamp"))
    outside = [pc.or_(pc.less(time, day[0]), pc.greater_equal(time, day[1])) for time in (exchange, local)]
    near = pc.less_equal(pc.abs(pc.subtract(local, exchange)), IMPLAUSIBLE_NS)
    return int(pc.sum(pc.and_(outside[0], pc.or_(outside[1], near))).as_py() or 0)
