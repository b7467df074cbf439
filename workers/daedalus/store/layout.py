"""Where every file lies. A file's state is the directory it is in; a hand-over is a rename.

    raw/active/<exchange>.<channel>.<segment>.arrows        being written by ingest
    raw/<state>/exchange=E/channel=C/date=D/hour=H/<segment>.parquet
                                                            state: ready, normalized, synced
    raw/damaged/                                            bytes that could not be read, kept
    tables/active/                                          being written by normalize
    tables/<state>/<table>/exchange=E/date=D/<channel>-<segment>.parquet
                                                            state: ready, synced
    tables/carry/exchange=E/channel=C/<segment>.json        checkpoints of normalize
    status/<worker>.json                                    each worker's status

A segment's number is the UTC ns at which it was opened, raised where needed so that numbers of one
partition always grow: sorting by number is sorting by arrival, even after the clock was set back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec import Struct

from .regular_files import is_regular

__all__ = ["NORMALIZED", "READY", "SYNCED", "Layout", "Partition", "SegmentId", "TableFile"]

READY, NORMALIZED, SYNCED = "ready", "normalized", "synced"

# ASCII: int() also reads digits of other scripts, and the file's name would be another one.
_EXCHANGE_NAME = re.compile(r"[a-z0-9_]+")
_CHANNEL_NAME = re.compile(r"\w+", re.ASCII)
_ACTIVE = re.compile(r"(?P<exchange>[a-z0-9_]+)\.(?P<channel>\w+)\.(?P<number>\d{19})\.arrows", re.ASCII)
_DAMAGED = re.compile(_ACTIVE.pattern.replace("arrows", "parquet"), re.ASCII)
_SEALED = re.compile(
    r"exchange=(?P<exchange>[a-z0-9_]+)/channel=(?P<channel>\w+)/date=[\d-]{10}/hour=\d\d/"
    r"(?P<number>\d{19})\.parquet",
    re.ASCII,
)
_TABLE = re.compile(
    r"(?P<table>[a-z_]+)/exchange=(?P<exchange>[a-z0-9_]+)/date=(?P<date>\d{4}-\d\d-\d\d)/"
    r"(?P<channel>\w+)-(?P<number>\d{19})\.parquet",
    re.ASCII,
)


class Partition(Struct, frozen=True, order=True):
    """One exchange's channel: the unit that has one active file at a time."""

    exchange: str
    channel: str

    def __post_init__(self) -> None:
        # Both are parts of file names; a name that cannot be read back is never recovered.
        if not (_EXCHANGE_NAME.fullmatch(self.exchange) and _CHANNEL_NAME.fullmatch(self.channel)):
            raise ValueError(f"{self.exchange!r}, {self.channel!r}: expected names of letters, digits and _")


class SegmentId(Struct, frozen=True, order=True):
    """One raw file, whatever state it is in. ``number``: UTC ns, growing within the partition."""

    partition: Partition
    number: int

    @property
    def active_name(self) -> str:
        return f"{self.partition.exchange}.{self.partition.channel}.{self.number:019d}.arrows"

    @property
    def sealed_path(self) -> Path:
        """The path of the sealed file below ``raw/<state>/``."""
        opened = datetime.fromtimestamp(self.number // 1_000_000_000, UTC)
        return Path(
            f"exchange={self.partition.exchange}",
            f"channel={self.partition.channel}",
            f"date={opened:%Y-%m-%d}",
            f"hour={opened:%H}",
            f"{self.number:019d}.parquet",
        )

    @classmethod
    def from_active(cls, name: str) -> SegmentId | None:
        """Read an active file's name; None if it is not one of ours."""
        return cls._from(_ACTIVE.fullmatch(name))

    @property
    def damaged_name(self) -> str:
        """The name in ``raw/damaged/`` of a sealed file that was set aside."""
        return f"{self.partition.exchange}.{self.partition.channel}.{self.number:019d}.parquet"

    @classmethod
    def from_damaged(cls, name: str) -> SegmentId | None:
        """Read the name of a sealed file that was set aside; None if it is not one of ours."""
        return cls._from(_DAMAGED.fullmatch(name))

    @classmethod
    def from_sealed(cls, path: Path) -> SegmentId | None:
        """Read a path below ``raw/<state>/``; None if it is not one of ours."""
        found = cls._from(_SEALED.fullmatch(path.as_posix()))
        # A file in another hour's folder would not be found by its number.
        return found if found is not None and found.sealed_path == path else None

    @classmethod
    def _from(cls, match: re.Match[str] | None) -> SegmentId | None:
        if match is None:
            return None
        return cls(Partition(match["exchange"], match["channel"]), int(match["number"]))


class TableFile(Struct, frozen=True, order=True):
    """One file of a table: the rows of one day that one raw segment gave. ``date``: YYYY-MM-DD."""

    table: str
    date: str
    segment: SegmentId

    @property
    def path(self) -> Path:
        """The path below ``tables/<state>/``, and the key below the lake's root."""
        partition = self.segment.partition
        return Path(
            self.table,
            f"exchange={partition.exchange}",
            f"date={self.date}",
            f"{partition.channel}-{self.segment.number:019d}.parquet",
        )

    @classmethod
    def from_path(cls, path: Path) -> TableFile | None:
        """Read a path below ``tables/<state>/``; None if it is not one of ours."""
        match = _TABLE.fullmatch(path.as_posix())
        if match is None or not _is_day(match["date"]):
            return None
        partition = Partition(match["exchange"], match["channel"])
        return cls(match["table"], match["date"], SegmentId(partition, int(match["number"])))


class Layout(Struct, frozen=True):
    """The directories below one ``data_dir``."""

    data_dir: Path

    @property
    def active(self) -> Path:
        return self.data_dir / "raw" / "active"

    @property
    def damaged(self) -> Path:
        return self.data_dir / "raw" / "damaged"

    @property
    def tables_active(self) -> Path:
        return self.data_dir / "tables" / "active"

    @property
    def status(self) -> Path:
        return self.data_dir / "status"

    @property
    def written(self) -> tuple[Path, ...]:
        """The directories that workers write to; each may be a disk of its own."""
        return (self.status, self.active, self.tables_active, self.data_dir)

    def raw(self, state: str) -> Path:
        """The root of sealed raw files in ``state`` (ready, normalized or synced)."""
        return self.data_dir / "raw" / state

    def tables(self, state: str) -> Path:
        """The root of table files in ``state`` (ready or synced)."""
        return self.data_dir / "tables" / state

    def checkpoint(self, segment: SegmentId) -> Path:
        """The checkpoint after a segment; on disk its folder is called ``carry``."""
        partition = segment.partition
        folder = Path(f"exchange={partition.exchange}", f"channel={partition.channel}")
        return self.data_dir / "tables" / "carry" / folder / f"{segment.number:019d}.json"

    def active_segments(self, exchange: str) -> list[SegmentId]:
        """The exchange's segments in ``raw/active/``, in the order in which they were opened.

        Only regular files count; `daedalus.store.left_behind` logs anything else with such a name.
        """
        paths = self.active.glob(f"{exchange}.*.arrows") if self.active.is_dir() else ()
        found = (SegmentId.from_active(path.name) for path in paths if is_regular(path))
        return sorted(segment for segment in found if segment is not None)

    def damaged_segments(self) -> list[SegmentId]:
        """The sealed segments that normalize set aside in ``raw/damaged/``. Raises `OSError`."""
        try:
            with os.scandir(self.damaged) as found:
                names = [entry.name for entry in found]
        except FileNotFoundError:
            return []
        return sorted(segment for name in names if (segment := SegmentId.from_damaged(name)) is not None)

    def raw_segments(
        self, state: str, partition: Partition | None = None, denied: list[OSError] | None = None
    ) -> list[SegmentId]:
        """The sealed segments in ``state``, oldest first within each partition.

        ``denied`` takes the errors of directories that cannot be listed. Without it, directories without
        permission are skipped, and other errors are raised.
        """
        root = self.raw(state)
        below = root
        if partition is not None:
            below = root / f"exchange={partition.exchange}" / f"channel={partition.channel}"
        found = (SegmentId.from_sealed(path.relative_to(root)) for path in _parquet_files(below, denied))
        return sorted(segment for segment in found if segment is not None)

    def table_files(self, state: str, denied: list[OSError] | None = None) -> list[TableFile]:
        """The files of all tables in ``state`` (ready or synced), by name. ``denied``: see `raw_segments`."""
        root = self.tables(state)
        found = (TableFile.from_path(path.relative_to(root)) for path in _parquet_files(root, denied))
        return sorted(file for file in found if file is not None)

    def table_files_of(self, segment: SegmentId) -> list[TableFile]:
        """The table files made from a segment, in whatever state."""
        name = TableFile("t", "d", segment).path.name
        below = f"*/exchange={segment.partition.exchange}/date=*/{name}"
        paths = {
            path.relative_to(root)
            for root in (self.tables(READY), self.tables(SYNCED))
            for path in root.glob(below)
        }
        found = (TableFile.from_path(path) for path in paths)
        return sorted(file for file in found if file is not None)

    def states_of(self, segment: SegmentId) -> list[str]:
        """The states (ready, normalized, synced) in which the sealed segment lies."""
        states = (READY, NORMALIZED, SYNCED)
        return [state for state in states if is_regular(self.raw(state) / segment.sealed_path)]


def _is_day(text: str) -> bool:
    """Whether the day exists, and its times fit into 64 bits of ns."""
    try:
        return date(1970, 1, 1) <= date.fromisoformat(text) < date(2262, 4, 11)
    except ValueError:
        return False


def _parquet_files(root: Path, denied: list[OSError] | None = None) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return
        if denied is not None:
            denied.append(error)
        elif not isinstance(error, PermissionError):
            raise error

    # Not rglob: it fails where retention removes an empty directory meanwhile.
    for folder, _, names in os.walk(root, onerror=failed):
        yield from (Path(folder, name) for name in names if name.endswith(".parquet"))
