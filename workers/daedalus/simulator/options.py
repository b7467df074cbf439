"""What a simulator is asked to be, and what it says when it cannot be that."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, structs

from daedalus.simulator.market import EPOCH_NS, Order

__all__ = ["Faults", "SimulatorError", "SimulatorOptions"]


class SimulatorError(ValueError):
    """The options ask for what cannot be simulated; the text says what, where and what to do."""


class Faults(Struct, frozen=True):
    """What goes wrong, on purpose and always at the same place. None: nothing of the kind.

    ``drop_after``: each connection ends without a closing handshake after so many messages of data.
    ``stall_after``: ... says nothing more, but stays open and answers pings and requests.
    ``skip_every``: trades (and orders) whose id divides by it are not streamed; REST still has them.
    """

    drop_after: int | None = None
    stall_after: int | None = None
    skip_every: int | None = None

    def thin(self, order: Order) -> Order:
        """An order without the trades that are to be left out."""
        if self.skip_every is None:
            return order
        fills = tuple(fill for fill in order.fills if fill.id % self.skip_every)
        return structs.replace(order, fills=fills, told=order.id % self.skip_every != 0)


class SimulatorOptions(Struct, frozen=True, kw_only=True):
    """One simulated venue.

    ``symbols``: as the venue spells them; none means the venue's usual ones. ``rate``: steps per second
    over all symbols, 0 for as fast as the clients read. ``seed`` and ``epoch_ns`` (UTC ns) fix the market.
    ``port`` 0 takes any free one. ``depth``: price levels on each side of a book.
    ``replay``: recordings to play instead of a market, ``speed`` times as fast (0: at once), each
    connection from the start; ``close_at_end`` closes the connection behind the last message.
    ``keep_sent``: remember every message that was sent.
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
