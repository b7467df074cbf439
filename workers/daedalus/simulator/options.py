"""The options of a simulator, and the error for invalid ones."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, structs

from ..errors import USAGE, DaedalusError
from .market import EPOCH_NS, Order

__all__ = ["Faults", "SimulatorError", "SimulatorOptions"]


class SimulatorError(DaedalusError, ValueError):
    """The options are invalid; the text says what, where and what to do."""

    exit_code = USAGE


class Faults(Struct, frozen=True):
    """The faults to simulate, always at the same place. None: no such fault.

    Whole connections:
    drop_after: the connection ends without a closing handshake after so many messages of market data
    stall_after: after so many messages it sends no more, but stays open and answers pings and requests
    lifetime_seconds: it is closed at this age, as exchanges do after 24 hours
    farewell_after: at this age (seconds) the exchange announces its shutdown, where it does so; it closes the
        connection ``farewell_seconds`` later
    delay_seconds: everything the exchange sends, over REST too, is delayed by so much
    flood_seconds: all messages of such an interval are sent at its end

    Messages of market data, counted per connection:
    lose_every: each n-th is not sent, though the connection's numbering counts it; connections start counting
        one apart, so that those with the same streams lose different messages
    duplicate_every: each n-th is sent twice
    swap_every: each n-th is sent after the next one
    garble_every: each n-th is followed by a text that is not JSON
    truncate_every: each n-th is followed by its own first half
    mute: streams that are confirmed and never deliver; ``*`` and ``?`` match any characters

    The market:
    lose_for_all_every: each n-th message of a stream reaches no connection; REST still has it
    skip_every: trades (and orders) whose id is a multiple of it are not streamed; REST still has them

    REST:
    rest_status: requests are refused with 429 (or 418): the first ``rest_refusals``, or all within the first
        ``rest_seconds``, or all of them
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
        """An order without the trades that ``skip_every`` leaves out."""
        if self.skip_every is None:
            return order
        fills = tuple(fill for fill in order.fills if fill.id % self.skip_every)
        return structs.replace(order, fills=fills, told=order.id % self.skip_every != 0)


class SimulatorOptions(Struct, frozen=True, kw_only=True):
    """One simulated exchange.

    symbols: in the exchange's spelling; none: the exchange's usual ones
    rate: steps per second over all symbols; 0: as fast as the clients read
    seed, epoch_ns: fix the market (UTC ns)
    port: 0: any free one
    depth: price levels per side of a book
    replay: recordings to play instead of a market, ``speed`` times as fast (0: at once), each connection from
        the start; ``close_at_end`` closes the connection after the last message
    keep_sent: remember every message that was sent, and every message that a fault dropped
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
