"""What a simulator is asked to be, and what it says when it cannot be that."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, structs

from daedalus.errors import USAGE, DaedalusError
from daedalus.simulator.market import EPOCH_NS, Order

__all__ = ["Faults", "SimulatorError", "SimulatorOptions"]


class SimulatorError(DaedalusError, ValueError):
    """The options ask for what cannot be simulated; the text says what, where and what to do."""

    exit_code = USAGE


class Faults(Struct, frozen=True):
    """What goes wrong, on purpose and always at the same place. None: nothing of the kind.

    Whole connections:
    ``drop_after``: each connection ends without a closing handshake after so many messages of data.
    ``stall_after``: ... says nothing more, but stays open and answers pings and requests.
    ``lifetime_seconds``: ... is closed when it is so old, as exchanges do after 24 hours.
    ``farewell_after``: when it is so many seconds old the exchange says that it goes down (if it is one
    that says so), and closes it ``farewell_seconds`` later.
    ``delay_seconds``: all that the exchange says, over REST too, comes so much later.
    ``flood_seconds``: what happens within so many seconds comes at their end, all at once.

    Messages of data, as each connection counts them:
    ``lose_every``: each n-th is not sent, though the connection's numbering counts it; connections begin
    to count one apart, so that those which listen to the same do not lose the same.
    ``duplicate_every``: each n-th is sent twice. ``swap_every``: each n-th comes after the one behind it.
    ``garble_every``: behind each n-th comes a text that is no JSON, ``truncate_every``: its first half.
    ``mute``: streams that are acknowledged and never deliver; ``*`` and ``?`` stand for any characters.

    What happens on the market:
    ``lose_for_all_every``: each n-th message of a stream reaches no connection. REST still knows it.
    ``skip_every``: trades (and orders) whose id divides by it are not streamed; REST still has them.

    REST:
    ``rest_status``: requests are refused with 429 (or 418): the first ``rest_refusals``, or for the first
    ``rest_seconds``, or without either all of them.
    """

    drop_after: int | None = None
    stall_after: int | None = None
    skip_every: int | None = None
    lifetime_seconds: float | None = None
    farewell_after: float | None = None
    farewell_seconds: float = 2.0
    delay_seconds: float = 0.0
    flood_seconds: float | None = None
    lose_every: int | None = None
    lose_for_all_every: int | None = None
    duplicate_every: int | None = None
    swap_every: int | None = None
    garble_every: int | None = None
    truncate_every: int | None = None
    mute: tuple[str, ...] = ()
    rest_status: int | None = None
    rest_refusals: int | None = None
    rest_seconds: float | None = None

    def thin(self, order: Order) -> Order:
        """An order without the trades that are to be left out."""
        if self.skip_every is None:
            return order
        fills = tuple(fill for fill in order.fills if fill.id % self.skip_every)
        return structs.replace(order, fills=fills, told=order.id % self.skip_every != 0)


class SimulatorOptions(Struct, frozen=True, kw_only=True):
    """One simulated exchange.

    ``symbols``: as the exchange spells them; none means the exchange's usual ones. ``rate``: steps per second
    over all symbols, 0 for as fast as the clients read. ``seed`` and ``epoch_ns`` (UTC ns) fix the market.
    ``port`` 0 takes any free one. ``depth``: price levels on each side of a book.
    ``replay``: recordings to play instead of a market, ``speed`` times as fast (0: at once), each
    connection from the start; ``close_at_end`` closes the connection behind the last message.
    ``keep_sent``: remember every message that was sent, and every one that a fault left out.
    """

    exchange: str
    symbols: tuple[str, ...] = ()
    rate: float = 100.0
    seed: int = 1
    epoch_ns: int = EPOCH_NS
    depth: int = 500
    port: int = 0
    replay: tuple[Path, ...] = ()
    speed: float = 1.0
    close_at_end: bool = False
    faults: Faults = Faults()
    keep_sent: bool = False
