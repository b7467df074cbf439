"""Every table: its columns are there in its rows, are stored as their type can be, and say what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args, get_type_hints

import pytest

from daedalus.tables.book_updates import BookUpdate
from daedalus.tables.entry import Entry
from daedalus.tables.registry import TABLES, table_of
from daedalus.tables.rows import Row
from daedalus.tables.table import Encoding, Kind, Table

BY_NAME = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
OF_A_LEVEL = {"side", "price", "amount"}
ENCODED: dict[Encoding, set[Kind]] = {"delta": {"int32", "int64", "time"}, "prefix": {"string"}}


@BY_NAME
def test_every_column_is_said_by_a_row_or_by_the_entry_it_comes_in(table: Table) -> None:
    there = {*dir(table.row), *Entry.__struct_fields__} | (OF_A_LEVEL if table.row is BookUpdate else set())
    assert {column.name for column in table.columns} <= there


@BY_NAME
def test_every_column_tells_what_it_means_and_is_stored_as_its_type_can_be(table: Table) -> None:
    assert table.about
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))
    for column in table.columns:
        assert column.meaning
        assert "|" not in column.meaning
        assert column.kind in ENCODED.get(column.encoding, {column.kind})


@pytest.mark.parametrize("row", get_args(Row))
def test_every_number_of_a_row_is_looked_at_for_digits_that_a_float_does_not_keep(row: type) -> None:
    hints = get_type_hints(row)
    filled = dict.fromkeys(row.__struct_fields__, "x")
    numbers: dict[str, object] = {
        name: float(at) for at, name in enumerate(hints) if hints[name] in (float, float | None)
    }
    if row is BookUpdate:
        numbers = {"bids": [(1.0, 2.0)], "asks": [(3.0, 4.0)]}
    one = row(**(filled | numbers))
    found = set(TABLES[table_of(one)].numbers(one))
    flat = {
        number
        for value in numbers.values()
        for number in (
            [value] if not isinstance(value, Sequence) else [each for level in value for each in level]
        )
    }
    assert found == flat
