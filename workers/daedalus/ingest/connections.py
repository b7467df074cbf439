"""All connections of a worker: for the streams it begins with, and for those that are listed later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

import msgspec

from ..config import ExchangeConfig
from ..exchanges.model import ConnectionPlan, Exchange, Subscription
from ..store.notes import Cause
from ..worker.backoff import Backoff
from .coverage import Start
from .recorder_state import RecorderState
from .session.session import Session
from .supervisor import ConnectionSupervisor

__all__ = ["Connections"]

DAY_SECONDS = 86_400.0
"""No connection lives longer, whatever the exchange allows: a new one brings fresh snapshots of books."""

LIFETIME_STAGGER = 0.1
"""Each further connection of the same streams lives so much shorter: they do not end together."""


class Connections:
    """``new_session`` makes the session of a plan, given its patience; ``spawn`` runs what never ends."""

    def __init__(
        self,
        exchange: Exchange,
        settings: ExchangeConfig,
        recorder: RecorderState,
        new_session: Callable[[ConnectionPlan, float], Session],
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self._exchange = exchange
        self._settings = settings
        self._recorder = recorder
        self._new_session = new_session
        self._spawn = spawn
        self._supervisors: list[ConnectionSupervisor] = []

    def __len__(self) -> int:
        return len(self._supervisors)

    def open(self, streams: Sequence[Subscription], start: Start) -> None:
        """Serve these streams too, on new connections; those that are open stay as they are."""
        if not streams:
            return
        exchange, settings = self._exchange, self._settings
        plans = exchange.requests.plan(streams, settings.websocket_url or exchange.websocket_url)
        opened = 0
        for copy in range(settings.connections):
            for plan in plans:
                lifetime = (plan.lifetime_seconds or DAY_SECONDS) * (1 - LIFETIME_STAGGER * copy)
                plan = msgspec.structs.replace(plan, lifetime_seconds=min(lifetime, DAY_SECONDS))
                delay = opened * exchange.connect_interval_seconds
                supervisor = ConnectionSupervisor(
                    self._recorder, partial(self._new_session, plan), Backoff(), delay
                )
                self._supervisors.append(supervisor)
                self._spawn(supervisor.run(start))
                opened += 1

    async def close(self, cause: Cause, reason: str) -> None:
        """Close all connections, and write down why."""
        await asyncio.gather(*(supervisor.close(cause, reason) for supervisor in self._supervisors))
