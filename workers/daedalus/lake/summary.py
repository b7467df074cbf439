"""What a local lake holds: rows and bytes per table, and per channel whether anything is missing.

The verdict is the ledger's (`gaps`), and where a table carries the venue's consecutive ids, it is
checked against the rows themselves: a ledger that claims completeness must agree with the ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from msgspec import Struct

from ..exchanges import VENUES

__all__ = ["ChannelVerdict", "Summary", "TableSize", "summarize"]

RAW_FOLDER = "raw"


class TableSize(Struct, frozen=True):
    """One table of the lake."""

    name: str
    files: int
    rows: int
    bytes: int


class ChannelVerdict(Struct, frozen=True):
    """One channel of one exchange over the whole lake.

    ``provable``: the venue numbers its messages. ``missing``: ids that the ledger says are missing;
    ``unledgered``: ids that are missing in the rows though no ledger row names them (must be 0).
    """

    exchange: str
    channel: str
    rows: int
    provable: bool
    holes: int
    missing: int
    unknown: int
    unledgered: int
    causes: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.unledgered:
            return f"NOT COMPLETE: {self.unledgered:,} ids are missing that no ledger row names"
        causes = ", ".join(f"{cause} {count}" for cause, count in sorted(self.causes.items()))
        if not self.provable:
            connected = (
                f"{self.holes} times not connected ({causes})" if self.holes else "connected all the time"
            )
            return f"not provable, the venue numbers nothing here; {connected}"
        if not self.holes:
            return "complete, proved by the venue's ids"
        count = f"{self.missing:,} ids" + (
            f" and {self.unknown} holes of unknown size" if self.unknown else ""
        )
        return f"missing {count} in {self.holes} holes, all in the ledger ({causes})"


class Summary(Struct, frozen=True):
    """A lake at a glance."""

    tables: tuple[TableSize, ...]
    channels: tuple[ChannelVerdict, ...]


def summarize(root: Path) -> Summary:
    """Read the lake below ``root``: all metadata, the ledger, and the ids of trades."""
    tables = {
        path.name: _table(path)
        for path in sorted(root.iterdir())
        if path.is_dir() and path.name != RAW_FOLDER
    }
    holes = _holes(root / "gaps")
    verdicts = [
        _verdict(root / name, exchange, channel, rows, holes.get((exchange, channel), []))
        for name, (_, by_exchange) in tables.items()
        for exchange, rows in sorted(by_exchange.items())
        for channel in _channels_of(exchange, name)
    ]
    return Summary(tuple(size for size, _ in tables.values()), tuple(verdicts))


def _table(path: Path) -> tuple[TableSize, dict[str, int]]:
    files, size = 0, 0
    rows: dict[str, int] = {}
    for file in path.rglob("*.parquet"):
        exchange = next(part.partition("=")[2] for part in file.parts if part.startswith("exchange="))
        rows[exchange] = rows.get(exchange, 0) + pq.read_metadata(file).num_rows
        files += 1
        size += file.stat().st_size
    return TableSize(path.name, files, sum(rows.values()), size), rows


def _channels_of(exchange: str, table: str) -> list[str]:
    venue = VENUES.get(exchange)
    return [name for name, each in venue.channels.items() if each.table == table] if venue is not None else []


def _holes(path: Path) -> dict[tuple[str, str], list[dict[str, object]]]:
    found: dict[tuple[str, str], list[dict[str, object]]] = {}
    if path.is_dir():
        table = ds.dataset(path, format="parquet", partitioning="hive").to_table()
        for row in table.select(["exchange", "channel", "missing", "cause"]).to_pylist():
            found.setdefault((row["exchange"], row["channel"]), []).append(row)
    return found


def _verdict(
    path: Path, exchange: str, channel: str, rows: int, holes: list[dict[str, object]]
) -> ChannelVerdict:
    provable = VENUES[exchange].channels[channel].consecutive
    sizes = [hole["missing"] for hole in holes]
    missing = sum(size for size in sizes if isinstance(size, int))
    causes: dict[str, int] = {}
    for hole in holes:
        causes[str(hole["cause"])] = causes.get(str(hole["cause"]), 0) + 1
    absent = _absent_ids(path, exchange) if provable and path.name in ("trades", "agg_trades") else 0
    return ChannelVerdict(
        exchange=exchange,
        channel=channel,
        rows=rows,
        provable=provable,
        holes=len(holes),
        missing=missing,
        unknown=sizes.count(None),
        # A hole of unknown size may stand for any number of ids: then there is nothing to compare with.
        unledgered=max(0, absent - missing) if None not in sizes else 0,
        causes=causes,
    )


def _absent_ids(path: Path, exchange: str) -> int:
    """How many ids between each symbol's first and last one have no row."""
    dataset = ds.dataset(path / f"exchange={exchange}", format="parquet")
    table = dataset.to_table(columns=["symbol", "id"])
    ids = pa.table({"symbol": table["symbol"], "id": pc.cast(table["id"], pa.int64())})
    spans = ids.group_by("symbol").aggregate([("id", "min"), ("id", "max"), ("id", "count_distinct")])
    return sum(row["id_max"] - row["id_min"] + 1 - row["id_count_distinct"] for row in spans.to_pylist())
