"""What an audit is asked, and whether the names in it exist: a misspelt name must not pass as sound."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...config.problems import nearest, quoted
from ...errors import USAGE, DaedalusError
from ...exchanges import EXCHANGES
from ..reader import LakeFile, Listing

__all__ = ["Question", "UnknownNameError", "check_names", "spelled"]


class UnknownNameError(DaedalusError, ValueError):
    """A name that does not exist here; the message names the nearest. ``what``: exchange, channel, symbol."""

    exit_code = USAGE

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what = what
        self.remedy = nearest(name, sorted(known))
        super().__init__(f"unknown {what} {quoted(name)}. {self.remedy}")


class Question(Struct, frozen=True):
    """What to audit; None: everything. Dates are UTC days, inclusive. ``books``: rebuild books too."""

    since: str | None = None
    until: str | None = None
    exchange: str | None = None
    channel: str | None = None
    symbol: str | None = None
    books: bool = True

    def covers(self, date: str) -> bool:
        """Whether a day is asked for."""
        return (self.since or "") <= date <= (self.until or "9999")

    def asks(self, exchange: str, channel: str) -> bool:
        """Whether a channel is asked for."""
        return self.exchange in (None, exchange) and self.channel in (None, channel)

    def matches(self, file: LakeFile) -> bool:
        """Whether a file is of a channel and day asked for."""
        return self.asks(file.exchange, file.channel) and self.covers(file.date)


def check_names(question: Question, listing: Listing) -> None:
    """Check the exchange and the channel of a question. Raises `UnknownNameError`."""
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
    return symbol if symbol is None or exchange is None else exchange.requests.symbol(symbol)
