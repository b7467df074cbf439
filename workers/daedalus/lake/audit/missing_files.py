"""Files that a lake should have and has not, as far as its other files show it."""

from __future__ import annotations

from ...units import counted
from ..channels import SIDE_TABLES, channel_of
from ..reader import Lake, Listing
from .question import Question
from .report import Finding

__all__ = ["missing_files", "nothing_found"]

_MADE_FROM = {"book_digests": "book_updates"}
"""Tables whose file exists only beside another table's file of the same segment."""


def missing_files(lake: Lake, listing: Listing, question: Question) -> list[Finding]:
    """Findings about missing files. Reads raw files that have no table. Raises `TargetError`."""
    return [*_without_siblings(listing, question), *_raw_without_tables(lake, listing, question)]


def nothing_found(lake: Lake, listing: Listing) -> Finding:
    """No file was read, so nothing can be said."""
    if not listing.files:
        return Finding("nothing", lake.url, "no file of a table is here; name a lake's folder, or a data_dir")
    dates = [file.date for file in listing.files]
    exchanges = ", ".join(sorted({file.exchange for file in listing.files}))
    text = f"no file is of what was asked for; the lake has {exchanges}, from {min(dates)} to {max(dates)}"
    return Finding("nothing", lake.url, text)


def _without_siblings(listing: Listing, question: Question) -> list[Finding]:
    there = {(file.table, file.exchange, file.channel, file.number) for file in listing.files}
    return [
        Finding("file missing", file.key, f"the {_MADE_FROM[file.table]} of the same segment are not there")
        for file in listing.files
        if file.table in _MADE_FROM
        and question.matches(file)
        and (_MADE_FROM[file.table], file.exchange, file.channel, file.number) not in there
    ]


def _raw_without_tables(lake: Lake, listing: Listing, question: Question) -> list[Finding]:
    """Raw segments with messages, none of whose rows are in a table.

    Old tables may have been deleted to make room: raw from before the oldest table says nothing.
    """
    there = {
        (file.exchange, file.channel, file.number) for file in listing.files if file.table not in SIDE_TABLES
    }
    oldest: dict[str, int] = {}
    for exchange, _, number in there:
        oldest[exchange] = min(number, oldest.get(exchange, number))
    found = []
    for raw in listing.raw:
        partition, number = raw.segment.partition, raw.segment.number
        exchange, channel = partition.exchange, partition.channel
        date = raw.segment.sealed_path.parts[2].partition("=")[2]
        if not question.asks(exchange, channel) or not question.covers(date):
            continue
        if channel_of(exchange, channel).table is None or number < oldest.get(exchange, 0):
            continue
        if (exchange, channel, number) in there:
            continue
        messages = lake.count_messages(raw)
        if messages != 0:
            what = "cannot be read" if messages is None else f"has {counted(messages, 'message', 'messages')}"
            text = f"this raw file {what}, and no table has rows of it"
            found.append(Finding("file missing", f"raw/{raw.segment.sealed_path}", text))
    return found
