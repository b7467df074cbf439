"""The reasons for which a simulated exchange closes a connection: each waits, then closes it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator

from websockets.frames import CloseCode

from .client import POLICY, Client
from .options import Faults
from .protocol import ExchangeProtocol

__all__ = ["endings"]


def endings(
    client: Client, protocol: ExchangeProtocol, faults: Faults
) -> Iterator[Coroutine[None, None, None]]:
    """Everything that may close a newly opened connection."""
    if protocol.subscribe_seconds is not None:
        yield _expire(client, protocol.subscribe_seconds)
    if faults.lifetime_seconds is not None:
        yield _retire(client, faults.lifetime_seconds)
    if faults.farewell_after is not None:
        yield _say_farewell(client, protocol, faults.farewell_after, faults.farewell_seconds)


async def _expire(client: Client, seconds: float) -> None:
    """Close it if nothing was subscribed to in time."""
    await asyncio.sleep(seconds)
    if not client.session.streams:
        await client.connection.close(POLICY, f"no subscription within {seconds:g} seconds")


async def _retire(client: Client, seconds: float) -> None:
    """Close it at its maximum age."""
    await asyncio.sleep(seconds)
    await client.connection.close(CloseCode.GOING_AWAY)


async def _say_farewell(client: Client, protocol: ExchangeProtocol, after: float, seconds: float) -> None:
    """Announce the shutdown, where the exchange does so, then close."""
    await asyncio.sleep(after)
    notice = protocol.farewell()
    if notice is not None:
        client.answer(notice)
    await asyncio.sleep(seconds)
    await client.connection.close(CloseCode.SERVICE_RESTART)
