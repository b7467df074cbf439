"""The source of messages: a live market for all connections, or a recording for each.

Both are open loops: late messages are sent at once, and none is left out. Only without a pace (rate or
speed 0) do they wait for their readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

from .client import Client
from .faults import Loss
from .market import Market
from .options import Faults
from .protocol import ExchangeProtocol, Form, Message
from .recording import Recording

__all__ = ["MarketFeed", "play"]

_SECOND = 10**9
_BATCH = 64  # messages or steps between two turns of the event loop
_FULL = 2**20  # bytes queued for a reader before the feed waits
_SHORT_PAUSE = 0.001


class MarketFeed:
    """Runs a market by the clock and sends each step to its listeners.

    ``clock`` gives UTC ns. Without listeners, time passes without a message.
    """

    def __init__(
        self,
        market: Market,
        protocol: ExchangeProtocol,
        *,
        faults: Faults,
        flood: bool,
        clock: Callable[[], int],
    ) -> None:
        self._market = market
        self._protocol = protocol
        self._faults = faults
        self._loss = Loss(faults.lose_for_all_every) if faults.lose_for_all_every else None
        self._flood = flood
        self._clock = clock
        self._burst_ns = round((faults.flood_seconds or 0) * _SECOND)
        self._step = market.step_at(clock())
        self._second = clock() // _SECOND
        self._audience: dict[str, dict[Form, list[Client]]] = {}
        self._wanted = asyncio.Event()

    @property
    def step(self) -> int:
        """The last step: the last one sent or, without listeners, that of the clock."""
        if not self._audience:
            self._step = max(self._step, self._market.step_at(self._clock()))
        return self._step

    def listen(self, clients: Iterable[Client]) -> int:
        """Update who listens to what; to be called after every change.

        Returns the last step that new listeners do not get. No step is sent until the caller next awaits.
        """
        step = self.step
        audience: dict[str, dict[Form, list[Client]]] = {}
        for client in clients:
            for stream, form in client.session.streams.items():
                audience.setdefault(stream, {}).setdefault(form, []).append(client)
        self._audience, self._step = audience, step
        if audience:
            self._wanted.set()
        else:
            self._wanted.clear()
        return step

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wanted.wait()
            now = self._clock()
            due = self._step + _BATCH if self._flood else min(self._happened(now), self._step + _BATCH)
            while self._step < due and self._audience:
                self._step += 1
                self._send_step(self._step)
            self._send_seconds(now)
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        if self._flood:
            listeners = chain.from_iterable(chain(*(forms.values() for forms in self._audience.values())))
            full = any(client.waiting > _FULL for client in listeners)
            return _SHORT_PAUSE if full else 0
        next_step = self._market.time_of(self._step + 1)
        if self._burst_ns:
            next_step = -(-next_step // self._burst_ns) * self._burst_ns
        next_event = min(next_step, (self._second + 1) * _SECOND)
        return max(0, next_event - self._clock()) / _SECOND

    def _happened(self, now: int) -> int:
        """The last step due by now; with ``flood_seconds``, the last one before the current interval."""
        return self._market.step_at(now - now % self._burst_ns if self._burst_ns else now)

    def _send_step(self, number: int) -> None:
        step = self._market.step(number)
        if step.order is not None:
            step = step.with_order(self._faults.thin(step.order))
        self._send(self._protocol.publish(step, self._audience))

    def _send_seconds(self, now: int) -> None:
        second = now // _SECOND
        if second <= self._second:
            return
        self._second = second
        self._send(self._protocol.each_second(self._step, second, self._audience))

    def _send(self, messages: Iterable[Message]) -> None:
        audience = self._audience
        lost: Iterator[bool] = repeat(False)
        if self._loss is not None:
            messages = list(messages)
            lost = iter(self._loss.judge([(stream, form) for stream, form, _ in messages]))
        for (stream, form, text), nobody_hears in zip(messages, lost, strict=False):
            for client in audience[stream][form]:
                client.deliver(stream, text, lost=nobody_hears)


async def play(
    recording: Recording,
    client: Client,
    *,
    speed: float,
    lose_every: int | None,
    clock: Callable[[], int],
) -> None:
    """Send a whole recording to one connection, ``speed`` times as fast as it was received (0: at once).

    Each ``lose_every``-th message (counted from 1) reaches no connection.
    """
    begun = clock()
    first = recording.messages[0].time_ns if recording.messages else 0
    for number, message in enumerate(recording.messages):
        if speed:
            early = (message.time_ns - first) / speed - (clock() - begun)
            if early > 0:
                await asyncio.sleep(early / _SECOND)
        lost = lose_every is not None and (number + 1) % lose_every == 0
        client.deliver("replay", message.payload, lost=lost)
        if number % _BATCH == 0:
            await (asyncio.sleep(0) if speed else client.drain())
