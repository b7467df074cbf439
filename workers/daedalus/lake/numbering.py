"""What the ids in a table's rows prove of a channel: the rules that the audit and the merge go by."""

from __future__ import annotations

from enum import StrEnum

from ..exchanges import VENUES
from ..exchanges.model import Channel, Proof

__all__ = ["Numbering", "channel_of", "numbering"]


class Numbering(StrEnum):
    """How rows are numbered."""

    CONSECUTIVE = "consecutive"  # every number has a row: what is absent is missing
    SPARSE = "sparse"  # the venue spends numbers on what is no row: what is absent may be nothing
    BOOK = "book"  # messages cover first_id..last_id, and begin where the one before ended
    CHAIN = "chain"  # messages name the one before, which the table does not keep
    NONE = "none"  # nothing in the rows can prove anything


_NOTHING = Channel(None)


def channel_of(exchange: str, channel: str) -> Channel:
    """What the venue says of a channel; nothing where it is unknown here."""
    venue = VENUES.get(exchange)
    return venue.channels.get(channel, _NOTHING) if venue is not None else _NOTHING


def numbering(exchange: str, channel: str) -> Numbering:
    """How the rows of a channel are numbered."""
    about = channel_of(exchange, channel)
    if about.table == "book_updates":
        if about.proof is Proof.IDS:
            return Numbering.BOOK
        return Numbering.CHAIN if about.proof is Proof.CHAIN else Numbering.NONE
    if about.table not in ("trades", "agg_trades") or about.proof is not Proof.IDS:
        return Numbering.NONE
    return Numbering.SPARSE if about.spends_ids else Numbering.CONSECUTIVE
