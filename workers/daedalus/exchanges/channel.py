"""What one channel of an exchange is, and what it can do: the facts other rooms decide by."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

__all__ = ["Channel", "History", "Proof"]


class Proof(StrEnum):
    """How the exchange proves that nothing of a channel is missing while a connection lives."""

    NONE = "none"  # by nothing: only the time without a connection is known to be missing
    IDS = "ids"  # consecutive ids: the next message begins at last + 1
    CHAIN = "chain"  # each message names the one before; a broken chain does not say how many are missing
    SEQUENCE = "sequence"  # the connection counts its messages: a jump makes all its streams suspect
    CHECKSUM = "checksum"  # each message carries a checksum of the book as it is after it


class History(StrEnum):
    """Which past trades of a channel the exchange's REST API returns."""

    IDS = "ids"  # those with the requested ids
    TIME = "time"  # those of the requested time
    NEWEST = "newest"  # always the newest


class Channel(Struct, frozen=True):
    """One channel of an exchange.

    table: the table of its rows; None: it is kept as raw messages alone
    proof: how a loss inside a connection shows
    snapshot: where the snapshot comes from that a book begins with: REST, or the stream itself
    silence_seconds: a connection on which the whole channel was silent for so long is dead; None: silence
        is normal
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
