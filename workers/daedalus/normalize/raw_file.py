"""Reads the recorder's own raw files for `daedalus decode`: sealed (Parquet) or active (an Arrow stream)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import USAGE, DaedalusError
from ..store.ipc_log import HEAD
from ..store.raw import RAW_SCHEMA, RawRecord
from ..store.segment import read_segment

__all__ = ["NoRawFileError", "is_raw", "raw_records"]

MAGIC = b"PAR1"
_READ_ROWS = 1_000


class NoRawFileError(DaedalusError):
    """A Parquet file that is damaged or not a raw file; the message names it and says why."""

    exit_code = USAGE


def is_raw(beginning: bytes) -> bool:
    """Whether these are the first bytes of a raw file, not of a file of lines."""
    return beginning.startswith((MAGIC, HEAD[:8]))


def raw_records(path: Path) -> Iterator[RawRecord]:
    """The rows of a raw file in their order. Raises `NoRawFileError`, `OSError`."""
    with path.open("rb") as file:
        sealed = file.read(len(MAGIC)) == MAGIC
    for batch in _sealed(path) if sealed else (batch for batch, _ in read_segment(path)):
        columns = [batch.column(name).to_pylist() for name in RAW_SCHEMA.names]
        yield from (RawRecord(*row) for row in zip(*columns, strict=True))


def _sealed(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(RAW_SCHEMA):
                raise NoRawFileError(
                    f"{path}: not a raw file: its columns are {', '.join(file.schema_arrow.names[:8])}. "
                    "Tables are read with DuckDB or Polars, see docs/data-format.md."
                )
            for group in range(file.num_row_groups):  # asked for all at once, it would keep them all
                yield from file.iter_batches(_READ_ROWS, row_groups=[group], use_threads=False)
    except (pa.ArrowException, ValueError) as error:
        raise NoRawFileError(f"{path}: damaged: {error}") from None
