"""The faults that a simulated exchange is recorded with, and which exchanges they apply to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from support.market_account import Account, rehearsing
from support.rehearsal import protocol_of

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Exchange, Missing, Proof
from daedalus.simulator import SimulatorOptions
from daedalus.simulator.exchanges import EXCHANGES as PROTOCOLS
from daedalus.simulator.options import Faults

__all__ = [
    "CUTS",
    "PAIR_CUTS",
    "SIMULATED",
    "Scenario",
    "checks_books",
    "counts_frames",
    "cuts",
    "disorder",
    "farewell",
    "fillable",
    "has_numbered_trades",
    "loss",
    "noise",
    "pairs",
    "proves_books",
    "says_farewell",
]

SIMULATED = tuple(name for name in PROTOCOLS if name in EXCHANGES)

CUTS = 2
PAIR_CUTS = 6

Scenario = Callable[[Path, str], Awaitable[Account]]


async def noise(directory: Path, exchange: str) -> Account:
    """Duplicated messages, and texts that are no messages."""
    faults = Faults(duplicate_every=7, garble_every=31, truncate_every=43)
    async with rehearsing(directory, exchange, faults) as it:
        await it.served()
        await it.sent(600)
        await it.stop()
    return it


async def disorder(directory: Path, exchange: str) -> Account:
    """Every fifth trade is sent after the one that follows it."""
    channels = [name for name in trade_channels(EXCHANGES[exchange]) if proof_of(exchange, name) is Proof.IDS]
    async with rehearsing(directory, exchange, Faults(swap_every=5), channels=channels) as it:
        await it.served()
        await it.sent(150)
        await it.stop()
    return it


async def loss(directory: Path, exchange: str) -> Account:
    """Messages that the exchange never sends, often enough for every stream to lose some."""
    proofs = {channel.proof for channel in EXCHANGES[exchange].channels.values()}
    if Proof.SEQUENCE in proofs:
        faults = Faults(lose_every=700)  # each costs the connection: it has to be replaced before the next
    else:
        faults = Faults(lose_for_all_every=50 if Proof.CHECKSUM in proofs else 25)
    async with rehearsing(directory, exchange, faults) as it:
        await it.served()
        await it.sent(2000)
        if fillable(exchange):
            await it.figure("filled_gaps", 2)
        await it.stop()
    return it


async def cuts(directory: Path, exchange: str) -> Account:
    """One connection of each plan, cut twice."""
    async with rehearsing(directory, exchange, Faults()) as it:
        for _ in range(CUTS):
            await it.served()
            await it.sent(300)
            for client in it.simulator.clients:
                it.cut(client)
            await asyncio.sleep(0.1)
        await it.served()
        await it.sent(600)
        if it.recorder.figure("gaps") and fillable(exchange):
            await it.figure("filled_gaps", 1)
        await it.stop()
    return it


async def pairs(directory: Path, exchange: str) -> Account:
    """Two connections per stream, one or the other of which is cut, again and again."""
    async with rehearsing(directory, exchange, Faults(), connections=2) as it:
        for number in range(PAIR_CUTS):
            await it.served()
            await it.sent(200)
            clients = sorted(it.simulator.clients, key=lambda client: client.number)
            it.cut(clients[(0, -1, -1, 0, 0, -1)[number] % len(clients)])
            await asyncio.sleep(0.1)
        await it.served()
        await it.sent(300)
        await it.stop()
    return it


async def farewell(directory: Path, exchange: str) -> Account:
    """Connections that the exchange asks to replace."""
    async with rehearsing(directory, exchange, Faults(farewell_after=2.0, farewell_seconds=40.0)) as it:
        await it.served()
        plans = len(it.simulator.clients)
        await it.until(lambda: it.simulator.connections >= 3 * plans, "two replacements")
        await it.served()
        await it.sent(300)
        await it.stop()
    return it


def trade_channels(exchange: Exchange) -> list[str]:
    return [name for name, channel in exchange.channels.items() if channel.has_trades]


def proof_of(exchange: str, channel: str) -> Proof:
    return EXCHANGES[exchange].channels[channel].proof


def fillable(name: str) -> bool:
    """Whether past trades can be asked for by their ids."""
    exchange = EXCHANGES[name]
    return any(
        exchange.channels[channel].consecutive
        and exchange.rest.backfill_request(Missing(channel, PROTOCOLS[name].usual_symbols[0], 1, 1, 0, 1))
        for channel in trade_channels(exchange)
    )


def says_farewell(exchange: str) -> bool:
    """Whether the exchange announces its shutdown."""
    return protocol_of(SimulatorOptions(exchange=exchange)).farewell() is not None


def counts_frames(exchange: str) -> bool:
    return any(each.proof is Proof.SEQUENCE for each in EXCHANGES[exchange].channels.values())


def checks_books(exchange: str) -> bool:
    return any(each.proof is Proof.CHECKSUM for each in EXCHANGES[exchange].channels.values())


def proves_books(exchange: str) -> bool:
    """Whether a lost book update shows, or each message is a whole book."""
    books = [each for each in EXCHANGES[exchange].channels.values() if each.table == "book_updates"]
    return all(each.proof is not Proof.NONE or "picture" in each.lossy for each in books)


def has_numbered_trades(name: str) -> bool:
    exchange = EXCHANGES[name]
    return any(exchange.channels[name].proof is Proof.IDS for name in trade_channels(exchange))
