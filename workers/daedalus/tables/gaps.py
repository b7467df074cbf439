"""The table ``gaps``: the ledger."""

from __future__ import annotations

from msgspec import Struct

from .table import Column, Table

__all__ = ["GAPS", "Gap"]


class Gap(Struct, frozen=True):
    """One row of the ledger. Times are UTC ns."""

    channel: str
    symbol: str
    from_timestamp: int
    to_timestamp: int
    from_id: int | None
    to_id: int | None
    missing: int | None
    cause: str
    status: str = "open"
    remaining: int | None = None
    note: str | None = None
    as_of: int = 0


GAPS = Table(
    "gaps",
    Gap,
    "[The ledger](#the-ledger): what is missing, by channel, symbol and time, and what became of it. Among\n"
    "rows with the same `channel`, `symbol`, `from_timestamp` and `from_id`, the one with the latest\n"
    "`as_of` counts.",
    (
        Column("channel", "string", "as configured", required=True, encoding="dictionary"),
        Column("symbol", "string", "as the exchange spells it", required=True, encoding="dictionary"),
        Column(
            "from_timestamp",
            "time",
            "local time of the last message before the gap",
            required=True,
            encoding="delta",
        ),
        Column(
            "to_timestamp",
            "time",
            "local time of the first message after it",
            required=True,
            encoding="delta",
        ),
        Column("from_id", "int64", "the last id before; null where ids prove nothing"),
        Column("to_id", "int64", "the first id after"),
        Column("missing", "int64", "how many ids lie between; null: unknown"),
        Column("cause", "string", "why it is missing", required=True, encoding="dictionary"),
        Column("status", "string", "`open`, `filled` or `unfillable`", required=True, encoding="dictionary"),
        Column("remaining", "int64", "how many are still missing; null: unknown"),
        Column("note", "string", "what filled it, or why nothing can", encoding="dictionary"),
        Column("as_of", "time", "local time of the latest news about it", required=True, encoding="delta"),
    ),
)
