"""A checksum of a file's rows, kept in its footer: it shows that the rows are those that were written.

Parquet's page checksums show a flipped bit. They do not show that somebody wrote the file again with another
price, or put one file in the place of another. This checksum is of the rows, by column and in their order, so
it is the same however the file is encoded, compressed or cut into row groups.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

__all__ = ["CLAIM", "Claim", "Content"]

pc: Any = pyarrow.compute

CLAIM = "daedalus.content"
"""The key of the claim in a file's footer."""


class Claim(Struct, frozen=True):
    """A file's claim: the key it was written for, how many rows, and a CRC-32 of each column."""

    file: str
    rows: int
    columns: dict[str, str]

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def of(cls, footer: dict[bytes, bytes] | None) -> Claim | None:
        """The claim in a footer, None if there is none. Raises `ValueError` if it cannot be decoded."""
        text = (footer or {}).get(CLAIM.encode())
        return None if text is None else msgspec.json.decode(text, type=cls)


class _Column:
    """The running checksums of one column: which rows have a value, the lengths of texts, the values."""

    def __init__(self) -> None:
        self._valid = self._lengths = self._values = 0

    def take(self, field: pa.Field[Any], values: Any) -> None:  # noqa: ANN401 - an array of any type
        if field.nullable:
            self._valid = _crc(pc.cast(pc.is_valid(values), pa.uint8()), self._valid)
            if values.null_count:
                values = pc.fill_null(values, "" if pa.types.is_string(field.type) else _zero(field.type))
        if pa.types.is_string(field.type):
            self._lengths = _crc(pc.binary_length(values), self._lengths)
            self._values = zlib.crc32(_text(values), self._values)
        elif pa.types.is_boolean(field.type):
            self._values = _crc(pc.cast(values, pa.uint8()), self._values)
        else:
            self._values = _crc(values, self._values)

    def text(self) -> str:
        return f"{zlib.crc32(struct.pack('<III', self._valid, self._lengths, self._values)):08x}"


class Content:
    """The checksum of rows, taken in pieces of any size while they are written or read."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[str, _Column] = {}

    def take(self, rows: pa.RecordBatch | pa.Table) -> None:
        self._rows += rows.num_rows
        for field in rows.schema:
            sums = self._columns.setdefault(field.name, _Column())
            column: Any = rows.column(field.name)
            for piece in column.chunks if isinstance(column, pa.ChunkedArray) else (column,):
                if len(piece):
                    sums.take(field, piece)

    def claim(self, file: str) -> Claim:
        """The claim for these rows in a file with this key."""
        sums = {name: column.text() for name, column in self._columns.items()}
        return Claim(file, self._rows, sums)


def _zero(kind: pa.DataType) -> pa.Scalar[Any]:
    return pa.scalar(0, pa.int64()).cast(kind)


def _crc(values: Any, before: int) -> int:  # noqa: ANN401 - an array of numbers or times without nulls
    width = values.type.bit_width // 8
    whole = memoryview(values.buffers()[1]).cast("B")
    return zlib.crc32(whole[values.offset * width : (values.offset + len(values)) * width], before)


def _text(values: Any) -> memoryview:  # noqa: ANN401 - an array of texts without nulls
    _, offsets, text = values.buffers()
    ends = memoryview(offsets).cast("B").cast("i")
    first, last = ends[values.offset], ends[values.offset + len(values)]
    return memoryview(text).cast("B")[first:last] if text is not None else memoryview(b"")
