"""What the ids in a table's rows prove of a channel: the rules that the audit and the merge go by."""

from __future__ import annotations

from enum import StrEnum

from ..exchanges import EXCHANGES
from ..exchanges.model import Channel, Proof

__all__ = ["IdScheme", "channel_of", "id_scheme"]


class IdScheme(StrEnum):
    """What the ids of a channel's rows can prove."""

    CONSECUTIVE = "consecutive"  # every number has a row: what is absent is missing
    SPARSE = "sparse"  # the exchange spends numbers on what is no row: what is absent may be nothing
    BOOK = "book"  # messages cover first_id..last_id, and begin where the one before ended
    CHAIN = "chain"  # messages name the one before, which the table does not keep
    NONE = "none"  # nothing in the rows can prove anything


_NOTHING = Channel(None)


def channel_of(name: str, channel: str) -> Channel:
    """What the exchange says of a channel; nothing where it is unknown here."""
    exchange = EXCHANGES.get(name)
    return exchange.channels.get(channel, _NOTHING) if exchange is not None else _NOTHING


def id_scheme(exchange: str, channel: str) -> IdScheme:
    """The scheme of ids of a channel."""
    about = channel_of(exchange, channel)
    if about.table == "book_updates":
        if about.proof is Proof.IDS:
            return IdScheme.BOOK
        return IdScheme.CHAIN if about.proof is Proof.CHAIN else IdScheme.NONE
    if about.table not in ("trades", "agg_trades") or about.proof is not Proof.IDS:
        return IdScheme.NONE
    return IdScheme.SPARSE if about.spends_ids else IdScheme.CONSECUTIVE
