"""What one channel of an exchange is and what it can do. Other rooms decide by these facts."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

__all__ = ["Channel", "History", "Proof"]


class Proof(StrEnum):
    """How the exchange proves that nothing of a channel is missing while a connection lives."""

    NONE = "none"  # not at all: only the time without a connection is known to be missing
    IDS = "ids"  # consecutive ids: the next message begins at last + 1
    CHAIN = "chain"  # each message names the one before; a broken chain does not say how many are missing
    SEQUENCE = "sequence"  # the connection counts its messages: a jump makes all its streams suspect
    CHECKSUM = "checksum"  # each message carries a checksum of the book after this message


class History(StrEnum):
    """Which past trades of a channel the exchange's REST API returns."""

    IDS = "ids"  # those with the requested ids
    TIME = "time"  # those of the requested time
    NEWEST = "newest"  # always the newest


class Channel(Struct, frozen=True):
    """One channel of an exchange.

    table: the table of its rows; None: only its raw messages are kept
    proof: how a loss inside a connection shows
    snapshot: where the first snapshot of a book comes from: REST, or the stream itself; None: no books
    silence_seconds: a connection is dead if the whole channel was silent on it for this long; None:
        silence is normal
    per_symbol: False: one stream serves all symbols
    lossy: what the exchange leaves out by design, in words; "": nothing
    depth: number of levels per side; the exchange sends no delete for a level that drops out of range
    spends_ids: some ids never produce a row
    checksums: the exchange sends checksums of the book, which `Exchange.book_check` compares
    history: which past trades can be requested over REST; None: none
    """

    table: str | None
    proof: Proof = Proof.NONE
    snapshot: Literal["rest", "stream"] | None = None
    silence_seconds: float | None = None
    per_symbol: bool = True
    lossy: str = ""
    depth: int | None = None
    spends_ids: bool = False
    checksums: bool = False
    history: History | None = None

    @property
    def consecutive(self) -> bool:
        """Whether its ids prove it complete, whichever connections brought them."""
        return self.proof in (Proof.IDS, Proof.CHAIN)

    @property
    def has_trades(self) -> bool:
        """Whether its rows are trades, single or aggregated."""
        return self.table in ("trades", "agg_trades")

    @property
    def fails_over(self) -> bool:
        """Whether two connections cannot be merged by id, so that one of them is the book's primary."""
        return self.snapshot == "stream" and not self.consecutive
