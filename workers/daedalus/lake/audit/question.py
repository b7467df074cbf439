"""What an audit is asked, and whether the names in it are known: what was misspelt is not called sound."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...config.problems import nearest, quoted
from ...errors import USAGE, DaedalusError
from ...exchanges import EXCHANGES
from ..reader import LakeFile, Listing

__all__ = ["Question", "UnknownNameError", "check_names", "spelled"]


class UnknownNameError(DaedalusError, ValueError):
    """A name that nothing here has; the message names the nearest. ``what``: exchange, channel, symbol."""

    exit_code = USAGE

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what = what
        self.remedy = nearest(name, sorted(known))
        super().__init__(f"unknown {what} {quoted(name)}. {self.remedy}")


class Question(Struct, frozen=True):
    """What is to be audited; None: everything. Dates are inclusive; ``books``: rebuild them too."""

    since: str | None = None
    until: str | None = None
    exchange: str | None = None
    channel: str | None = None
    symbol: str | None = None
    books: bool = True

    def covers(self, date: str) -> bool:
        return (self.since or "") <= date <= (self.until or "9999")

    def asks(self, exchange: str, channel: str) -> bool:
        return self.exchange in (None, exchange) and self.channel in (None, channel)

    def about(self, file: LakeFile) -> bool:
        return self.asks(file.exchange, file.channel) and self.covers(file.date)


def check_names(question: Question, listing: Listing) -> None:
    """Look the exchange and the channel of a question up. Raises `UnknownNameError`."""
    exchange, channel = question.exchange, question.channel
    exchanges = {file.exchange for file in listing.files}
    if exchange is not None and exchange not in exchanges and exchange not in EXCHANGES:
        raise UnknownNameError("exchange", exchange, exchanges or EXCHANGES)
    if channel is not None:
        there = {file.channel for file in listing.files if exchange in (None, file.exchange)}
        asked = exchanges if exchange is None else {exchange}
        known = there | {name for each in asked if each in EXCHANGES for name in EXCHANGES[each].channels}
        if channel not in known and known:
            raise UnknownNameError("channel", channel, there or known)


def spelled(name: str, symbol: str | None) -> str | None:
    """A symbol as the tables of an exchange spell it."""
    exchange = EXCHANGES.get(name)
    return symbol if symbol is None or exchange is None else exchange.symbol(symbol)
