"""The supervisor against a scripted exchange: lost, silent and ending connections are followed by others."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Channel, Proof, Subscription
from daedalus.ingest import supervisor as supervisor_module
from daedalus.ingest.counters import Counters
from daedalus.ingest.coverage import Start
from daedalus.ingest.recorder_state import RecorderState
from daedalus.ingest.session.session import Session
from daedalus.ingest.supervisor import ConnectionSupervisor
from daedalus.store.raw import RawRecord
from daedalus.worker.backoff import Backoff

pytestmark = pytest.mark.server

SHUTDOWN = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'


HASTY = replace(EXCHANGES["binance"], channels={"trade": Channel("trades", Proof.IDS, silence_seconds=0.5)})
"""Binance, whose trades never pause for more than half a second."""


class Kept:
    """A running supervisor, and the records it leads to."""

    def __init__(self) -> None:
        self.records: list[RawRecord] = []
        self.waiting = 0
        self.sessions = 0

    def append(self, record: RawRecord) -> None:
        self.records.append(record)

    def notes(self, kind: str) -> list[dict[str, object]]:
        return [json.loads(record.payload) for record in self.records if record.kind == kind]

    def ids(self) -> list[int]:
        trades = (r for r in self.records if r.kind == "message" and r.channel == "trade")
        return [json.loads(record.payload)["data"]["t"] for record in trades]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.02)


class Tape:
    """An exchange whose trades go on all the time; a connection gets those that happen while it is open."""

    def __init__(self) -> None:
        self.number = 0
        self.connections: list[ServerConnection] = []

    async def run(self) -> None:
        while True:
            data = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": self.number, "p": "1", "q": "2", "m": True}
            text = json.dumps({"stream": "btcusdt@trade", "data": data})
            for connection in list(self.connections):
                with suppress(ConnectionClosed):
                    await connection.send(text)
            self.number += 1
            await asyncio.sleep(0.002)

    async def join(self, connection: ServerConnection) -> None:
        request = json.loads(await connection.recv())
        await connection.send(json.dumps({"result": None, "id": request["id"]}))
        self.connections.append(connection)


@asynccontextmanager
async def kept(
    handler: Callable[[ServerConnection], Awaitable[None]],
    backoff: Backoff | None = None,
    process_request: Callable[[ServerConnection, Request], Response | None] | None = None,
) -> AsyncIterator[Kept]:
    outcome = Kept()
    recorder = RecorderState(
        HASTY, outcome, Counters(), lambda _: None, queue_maxsize=10**6, batch_size=10**6
    )
    async with serve(
        handler, "127.0.0.1", 0, compression=None, close_timeout=0.2, process_request=process_request
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        (plan,) = HASTY.requests.plan([Subscription("trade", "BTCUSDT")], f"ws://127.0.0.1:{port}")
        plan = msgspec.structs.replace(plan, send_interval_seconds=0.0)

        def new_session(patience: float) -> Session:
            outcome.sessions += 1
            return Session(plan, f"run-{outcome.sessions}", recorder, lambda *_: None, patience)

        it = ConnectionSupervisor(recorder, new_session, backoff or Backoff(base=0.05))
        task = asyncio.create_task(it.run(Start("start")))
        try:
            yield outcome
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await it.close("restart", "stopped")


async def test_a_lost_connection_is_followed_by_another_that_says_why() -> None:
    tape = Tape()

    async def handler(connection: ServerConnection) -> None:
        await tape.join(connection)
        await asyncio.sleep(0.1)
        connection.transport.abort()

    async with kept(handler) as outcome:
        running = asyncio.create_task(tape.run())
        await outcome.until(lambda: outcome.sessions >= 3 and len(outcome.notes("subscribed")) >= 3)
        running.cancel()
    assert [note["cause"] for note in outcome.notes("subscribed")][:3] == [
        "start",
        "disconnect",
        "disconnect",
    ]
    first_end = next(record for record in outcome.records if record.kind == "unsubscribed")
    heard_ns = json.loads(first_end.payload)["heard_ns"]
    assert outcome.notes("subscribed")[1]["since_ns"] == heard_ns <= first_end.recv_ns


async def test_a_connection_that_must_end_is_replaced_before_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor_module, "OVERLAP_SECONDS", 0.2)
    tape = Tape()

    async def handler(connection: ServerConnection) -> None:
        await tape.join(connection)
        await asyncio.sleep(0.3)
        with suppress(ConnectionClosed):
            await connection.send(SHUTDOWN)
        await connection.wait_closed()
        tape.connections.remove(connection)

    async with kept(handler) as outcome:
        running = asyncio.create_task(tape.run())
        await outcome.until(lambda: len(outcome.notes("close")) >= 3)
        running.cancel()
    assert {note["cause"] for note in outcome.notes("close")[:3]} == {"replaced"}
    ids = outcome.ids()
    assert set(ids) == set(range(min(ids), max(ids) + 1))
    assert len(ids) > len(set(ids)), "both delivered for a while"


async def test_a_silent_connection_is_replaced_with_growing_patience() -> None:
    async def handler(connection: ServerConnection) -> None:
        await Tape().join(connection)
        await connection.wait_closed()

    async with kept(handler) as outcome:
        await outcome.until(lambda: len(outcome.notes("close")) >= 2)
    assert [note["cause"] for note in outcome.notes("close")[:2]] == ["silence", "silence"]
    assert outcome.notes("close")[0]["reason"] == "the channel trade said nothing"


async def test_a_exchange_that_refuses_is_tried_again_and_leaves_no_rows() -> None:
    refused = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal refused
        refused += 1
        await connection.close(1013, "try again later")

    async with kept(handler) as outcome:
        await outcome.until(lambda: refused >= 3)
    assert all(note["cause"] in ("disconnect", "restart") for note in outcome.notes("close"))
    assert [record.seq for record in outcome.records if record.conn == "run-1"] == list(
        range(sum(record.conn == "run-1" for record in outcome.records))
    )


async def test_a_stop_in_the_middle_of_a_replacement_leaves_no_time_unserved() -> None:
    tape = Tape()

    async def handler(connection: ServerConnection) -> None:
        if not tape.connections:
            await tape.join(connection)
            await connection.send(SHUTDOWN)
        await connection.wait_closed()

    async with kept(handler) as outcome:
        await outcome.until(lambda: len(outcome.notes("subscribed")) == 2)
    ends = [record.conn for record in outcome.records if record.kind == "unsubscribed"]
    assert ends == ["run-2", "run-1"]


@pytest.mark.parametrize("why", ["a notice", "frames lost"])
async def test_a_exchange_whose_connections_must_all_end_at_once_is_connected_to_with_growing_pauses(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr(supervisor_module, "OVERLAP_SECONDS", 0.05)
    tape = Tape()
    came: list[float] = []

    async def handler(connection: ServerConnection) -> None:
        came.append(time.monotonic())
        await tape.join(connection)
        if why == "a notice":
            await connection.send(SHUTDOWN)
        await connection.wait_closed()
        tape.connections.remove(connection)

    if why == "frames lost":
        take_reply = Session._take_reply

        def reply_and_ask(session: Session, *args: Any) -> None:
            take_reply(session, *args)
            session.replacement.set()

        monkeypatch.setattr(Session, "_take_reply", reply_and_ask)
    async with kept(handler, Backoff(base=0.4)) as outcome:
        running = asyncio.create_task(tape.run())
        await outcome.until(lambda: len(came) >= 4)
        running.cancel()
    # Half of 0.4, 0.8 and 1.6 s at the least; without a pause it is 0.05 s each time.
    assert came[3] - came[0] >= 1.4
    assert {note["cause"] for note in outcome.notes("close")} <= {"replaced", "restart"}


async def test_a_replacement_that_fails_is_tried_again_with_growing_pauses_and_the_old_one_goes_on() -> None:
    tape = Tape()
    refused: list[float] = []

    async def handler(connection: ServerConnection) -> None:
        await tape.join(connection)
        await connection.send(SHUTDOWN)
        await connection.wait_closed()

    def refuse_all_but_the_first(connection: ServerConnection, request: object) -> Response | None:
        if not tape.connections:
            return None
        refused.append(time.monotonic())
        return connection.respond(503, "one is enough")

    async with kept(handler, Backoff(base=0.4), refuse_all_but_the_first) as outcome:
        running = asyncio.create_task(tape.run())
        await outcome.until(lambda: len(refused) >= 4)
        running.cancel()
    assert refused[3] - refused[0] >= 1.4 + 1.4  # half of 0.8, 1.6 and 3.2 s at the least
    ids = outcome.ids()
    assert ids == list(range(min(ids), max(ids) + 1))
