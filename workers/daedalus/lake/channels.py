"""What is known of a channel when its tables are read: what its exchange says, and what its ids can prove."""

from __future__ import annotations

from enum import StrEnum

from ..exchanges import EXCHANGES
from ..exchanges.model import Channel, Proof

__all__ = ["SIDE_TABLES", "IdScheme", "channel_of", "id_scheme"]

SIDE_TABLES = frozenset({"gaps", "book_digests", "connections", "instruments", "exact_values"})
"""Tables without a stream of their own."""

_UNKNOWN = Channel(None)


class IdScheme(StrEnum):
    """What the ids of a channel's rows can prove."""

    CONSECUTIVE = "consecutive"  # each id has a row: an id without one is missing
    SPARSE = "sparse"  # the exchange also uses ids for what gives no row: an id without one may be nothing
    BOOK = "book"  # messages cover first_id..last_id, and begin where the one before ended
    CHAIN = "chain"  # messages name the one before, which the table does not keep
    NONE = "none"  # the rows can prove nothing


def channel_of(exchange: str, channel: str) -> Channel:
    """What the exchange says of a channel; nothing where either is unknown here."""
    known = EXCHANGES.get(exchange)
    return _UNKNOWN if known is None else known.channels.get(channel, _UNKNOWN)


def id_scheme(exchange: str, channel: str) -> IdScheme:
    """The id scheme of a channel."""
    spec = channel_of(exchange, channel)
    if spec.table == "book_updates":
        if spec.proof is Proof.IDS:
            return IdScheme.BOOK
        return IdScheme.CHAIN if spec.proof is Proof.CHAIN else IdScheme.NONE
    if not spec.has_trades or spec.proof is not Proof.IDS:
        return IdScheme.NONE
    return IdScheme.SPARSE if spec.spends_ids else IdScheme.CONSECUTIVE
