"""A simulated exchange on loopback: websocket and REST on one port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import cast

from msgspec import structs
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from .client import ArrivalLimit, Client, Sent, SimulatedConnection
from .endings import endings
from .exchanges import exchange_of, market_of
from .faults import Refusals
from .feeds import MarketFeed, play
from .market import Market
from .options import SimulatorError, SimulatorOptions
from .protocol import ExchangeProtocol, HttpAnswer, HttpRequest, Session
from .recording import Recording, read_recordings

__all__ = ["Simulator", "running", "serve"]

_HOST = "127.0.0.1"
_LARGEST_MESSAGE = 2**20  # the largest message of a client; the exchange's own have no limit
_PONG_SECONDS = 60


class Simulator:
    """A running simulated exchange, made by `running`: its addresses, its market and what it sent.

    ``market`` is what its clients see: the book of the instrument at place p after update u is
    ``market.books[p].levels(u)``. With ``keep_sent``, ``sent`` holds every message and ``lost`` every
    message that a connection should have received and that a fault dropped. (Trades of ``skip_every`` are
    no messages: their ids tell which they are.)
    """

    def __init__(self, options: SimulatorOptions, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.options = options
        self.market: Market = market_of(options)
        exchange = exchange_of(options.exchange)
        self.protocol: ExchangeProtocol = exchange(self.market, any_symbol=bool(options.replay))
        self.recording: Recording | None = read_recordings(options.replay) if options.replay else None
        self.sent: list[Sent] = []
        self.lost: list[Sent] = []
        self.port = 0
        self.connections = 0
        self._clock = clock
        self._refusals = Refusals(options.faults, clock())
        self._ended = asyncio.Event()
        self._clients: list[Client] = []
        self._feed = MarketFeed(
            self.market, self.protocol, faults=options.faults, flood=options.rate == 0, clock=clock
        )

    @property
    def clients(self) -> tuple[Client, ...]:
        """The open connections."""
        return tuple(self._clients)

    @property
    def websocket_url(self) -> str:
        """The address of the websockets, without a path."""
        return f"ws://{_HOST}:{self.port}"

    @property
    def rest_url(self) -> str:
        """The address of REST, without a path."""
        return f"http://{_HOST}:{self.port}"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Simulator]:
        """Listen until the block ends, then close every connection (1001)."""
        driver = asyncio.create_task(self._feed.run())
        driver.add_done_callback(lambda _: self._ended.set())
        try:
            async with await self._listen() as server:
                self.port = server.sockets[0].getsockname()[1]
                yield self
        finally:
            driver.cancel()
            with suppress(asyncio.CancelledError):
                await driver

    async def until(self, stop: asyncio.Event) -> None:
        """Wait until ``stop`` is set or the market has failed: `listening` then raises the reason."""
        waits = {asyncio.create_task(event.wait()) for event in (stop, self._ended)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _listen(self) -> Server:
        try:
            return await serve_websocket(
                self._serve_client,
                _HOST,
                self.options.port,
                process_request=self._process_request,
                create_connection=SimulatedConnection,
                compression=None,
                max_size=_LARGEST_MESSAGE,
                ping_interval=self.protocol.ping_seconds,
                ping_timeout=_PONG_SECONDS,
                server_header=None,
            )
        except OSError as error:
            raise SimulatorError(
                f"--port {self.options.port}: cannot listen there ({error.strerror}). Take another, or 0."
            ) from error

    async def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Open a websocket if one is asked for, otherwise answer a GET or a POST."""
        simulated = cast(SimulatedConnection, connection)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            asked = structs.replace(HttpRequest.parse(request.path), body=simulated.body)
            await asyncio.sleep(self.options.faults.delay_seconds)
            return _response(self._rest(asked))
        answer = self.protocol.connect(request.path)
        if isinstance(answer, HttpAnswer):
            return _response(answer)
        simulated.session = answer
        return None

    def _rest(self, request: HttpRequest) -> HttpAnswer:
        refusal = self._refusals.refuse(self._clock())
        if refusal is not None:
            return refusal
        if self.recording is not None:
            return self.recording.answer(request)
        return self.protocol.rest(request, self._feed.step, self._clock())

    async def _serve_client(self, connection: ServerConnection) -> None:
        client = self._client(cast(SimulatedConnection, connection))
        ends = endings(client, self.protocol, self.options.faults)
        tasks = [asyncio.create_task(end) for end in ends]
        self._clients.append(client)
        try:
            for text in self.protocol.open(client.session):
                client.answer(text)
            self._start_streams(client, before=set(), tasks=tasks)
            async for said in connection:
                before = set(client.session.streams)
                for answer in self.protocol.receive(client.session, _text(said)):
                    client.answer(answer)
                if client.session.over:
                    connection.transport.close()
                    break
                self._start_streams(client, before=before, tasks=tasks)
        except ConnectionClosed:
            pass  # without a closing handshake: clients may, and some faults do
        finally:
            for task in tasks:
                task.cancel()
            self._clients.remove(client)
            self._feed.listen(() if self.recording else self._clients)

    def _client(self, connection: SimulatedConnection) -> Client:
        if self.protocol.requests_per_second is not None:
            connection.limit = ArrivalLimit(self.protocol.requests_per_second)
        session = connection.session or Session()
        keep = self.options.keep_sent
        client = Client(
            self.connections,
            connection,
            session,
            self.protocol.frame,
            self.options.faults,
            log=self.sent.append if keep else None,
            log_lost=self.lost.append if keep else None,
        )
        self.connections += 1
        return client

    def _start_streams(self, client: Client, *, before: set[str], tasks: list[asyncio.Task[None]]) -> None:
        """Send the first messages of a connection's new streams, and from now on all that follow."""
        if self.recording is not None:
            if client.session.streams and not client.playing:
                client.playing = True
                tasks.append(asyncio.create_task(self._play(self.recording, client)))
            return
        step = self._feed.listen(self._clients)
        for stream in client.session.streams:
            if stream not in before:
                for text in self.protocol.greet(stream, step):
                    client.deliver(stream, text)

    async def _play(self, recording: Recording, client: Client) -> None:
        options = self.options
        lose_every = options.faults.lose_for_all_every
        await play(recording, client, speed=options.speed, lose_every=lose_every, clock=self._clock)
        if options.close_at_end:
            await client.connection.close()


def _text(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode(errors="replace")


def _response(answer: HttpAnswer) -> Response:
    headers = Headers(answer.headers)
    headers["Content-Type"] = "application/json;charset=UTF-8"
    headers["Content-Length"] = str(len(answer.body))
    headers["Connection"] = "close"
    return Response(answer.status, HTTPStatus(answer.status).phrase, headers, answer.body)


@asynccontextmanager
async def running(
    options: SimulatorOptions, *, clock: Callable[[], int] = time.time_ns
) -> AsyncIterator[Simulator]:
    """Run a simulated exchange in this process. Raises `SimulatorError` for options that make none.

    ``clock`` gives UTC ns.
    """
    async with Simulator(options, clock=clock).listening() as simulator:
        yield simulator


async def serve(
    options: SimulatorOptions, *, stop: asyncio.Event | None = None, ready: Callable[[int], None]
) -> None:
    """Run a simulated exchange until ``stop`` is set (None: until cancelled); ``ready`` is told the port."""
    async with running(options) as simulator:
        ready(simulator.port)
        await simulator.until(stop or asyncio.Event())
