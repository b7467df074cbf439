"""A session: one websocket's life, from its opening to its end, written down in its journal.

The listener reads what comes and yields what it calls for; the watch looks at the connection once a second
and yields what must be done. The session alone acts on both: it sends, asks for a replacement, or ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable

from msgspec import Struct

from ...exchanges.continuity import IdGap
from ...exchanges.model import ConnectionPlan, Reply, Subscription
from ...exchanges.reading import excerpt
from ...store.notes import Cause
from ..coverage import Start
from ..journal import Journal
from ..recorder_state import RecorderState
from ..wire.client import Wire, WireError, open_wire
from .books import FetchSnapshot, SessionBooks
from .events import BookNeeded, Event, FramesLost, Leaving, Replied, Send
from .listener import Listener
from .liveness import Liveness
from .lost_frames import LostFrames
from .served_streams import ServedStreams
from .watch import Over, Replace, Resubscribe, Watch

__all__ = ["End", "Session"]

log = logging.getLogger("daedalus.ingest.session")

WATCH_SECONDS = 1.0
OVERFLOW_SECONDS = 30.0
"""A connection lost so soon after we stopped reading is lost because we did."""


class End(Struct, frozen=True):
    """Why a session ended, when it last heard anything (UTC ns), and how many seconds it had lived.

    A dead link is noticed late: coverage ends at ``heard_ns``.
    """

    cause: Cause
    reason: str
    heard_ns: int
    lived_seconds: float


class Session:
    """One connection of a plan. Open it, wait for `ended` or `replacement`, close it.

    ``fetch_snapshot`` asks for a book over REST. ``patience`` multiplies the seconds for which a channel may
    be silent.
    """

    def __init__(
        self,
        plan: ConnectionPlan,
        conn: str,
        recorder: RecorderState,
        fetch_snapshot: FetchSnapshot,
        patience: float = 1.0,
    ) -> None:
        self.plan = plan
        self.conn = conn
        self.replacement = asyncio.Event()
        """Set when the session must end soon, and another should be opened before."""
        self._recorder = recorder
        self._exchange = recorder.exchange
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._opened_at = self._loop.time()
        self._resumed_at = float("-inf")
        self._heard_ns = 0
        channels = recorder.exchange.channels
        self._journal = Journal(conn, recorder.append)
        self._liveness = Liveness(channels, plan.subscriptions, self._opened_at)
        self._served = ServedStreams(
            recorder.coverage, channels, self._journal, plan.subscriptions, self._opened_at
        )
        self._books = SessionBooks(
            channels,
            self._journal,
            self._served,
            recorder.waiting_books,
            fetch_snapshot,
            self._resubscribe_or_replace,
        )
        self._listener = Listener(
            recorder, self._journal, self._liveness, self._served, self._books.sync, plan.subscriptions
        )
        self._lost_frames = LostFrames(
            channels, self._journal, self._served, recorder.gaps.seen_by_time, self.replacement.set
        )
        self._wire: Wire | None = None
        self._ended: asyncio.Future[End] = self._loop.create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()

    # Its life

    async def open(self, start: Start) -> None:
        """Connect, and begin to subscribe. Raises `WireError` where the exchange cannot be reached."""
        self._wire = await open_wire(self.plan.url, self._receive, ping_seconds=self.plan.ping_seconds)
        self._begin(time.time_ns())
        self._recorder.counters.connection_opened()
        self._recorder.backpressure.opened(self)
        self._tasks = [
            self._loop.create_task(each)
            for each in (
                self._subscribe(self._wire, start),
                self._watch(),
                self._await_loss(self._wire),
                self._keep_alive(),
            )
        ]

    async def ended(self) -> End:
        """Wait until the session has ended by itself, or was closed."""
        return await asyncio.shield(self._ended)

    async def close(self, cause: Cause, reason: str) -> None:
        """End the session for a reason of our own."""
        if self._wire is not None:
            self._wire.deliver()  # it was received before the end
        self._end(cause, reason)
        for task in self._tasks:
            task.cancel()
        if self._wire is not None:
            await self._wire.close()

    @property
    def over(self) -> bool:
        """Whether the session has ended."""
        return self._ended.done()

    @property
    def delivering(self) -> bool:
        """Whether the exchange has answered for every stream, and data has come."""
        return self._served.settled(self._loop.time()) and self._liveness.anything_heard

    @property
    def heard_ns(self) -> int:
        """When the newest message came that was handed over (UTC ns)."""
        return self._heard_ns

    @property
    def age_seconds(self) -> float:
        """For how long it has been open."""
        return self._loop.time() - self._opened_at

    def pause(self) -> None:
        """Stop reading."""
        if self._wire is not None:
            self._wire.pause()

    def resume(self) -> None:
        """Read again."""
        self._resumed_at = self._loop.time()
        self._liveness.restart(self._resumed_at)
        if self._wire is not None:
            self._wire.resume()

    def _begin(self, at_ns: int) -> None:
        if not self._journal.begun:
            self._journal.opened(at_ns, self.plan.url)
            self._heard_ns = at_ns

    def _end(self, cause: Cause, reason: str) -> None:
        if self._ended.done():
            return
        if self._journal.begun:
            self._lost_frames.flush()
            self._books.end()
            self._served.end(cause, reason, self._heard_ns)
            self._recorder.backpressure.ended(self)
            self._recorder.counters.connection_ended(self.conn)
        self._ended.set_result(End(cause, reason, self._heard_ns, self.age_seconds))

    # What comes over the wire

    def _receive(self, times: list[int], payloads: list[bytes]) -> None:
        if self._ended.done():
            return
        self._begin(times[0])  # the exchange may speak before `open` returns
        self._heard_ns = times[-1]
        for event in self._listener.receive(times, payloads, self._loop.time()):
            self._act_on(event)

    def _act_on(self, event: Event) -> None:
        match event:
            case IdGap(channel, symbol):
                alone = self._recorder.coverage.connections((channel, symbol)) <= 1
                self._recorder.gaps.seen(event, self._books.invalid, alone=alone)
            case BookNeeded(channel, symbol):
                self._books.need(channel, symbol)
            case Replied(reply, at_ns):
                self._take_reply(reply, at_ns)
            case FramesLost(count, from_ns):
                self._lost_frames.lost(count, from_ns)
            case Send(text):
                self._send(text)
            case Leaving(payload):
                log.warning("%s: the exchange will end the connection: %s", self.conn, excerpt(payload))
                self.replacement.set()

    def _take_reply(self, reply: Reply, at_ns: int) -> None:
        asked: Iterable[Subscription] = reply.subscriptions
        for request in self.plan.requests:
            if request.id == reply.request_id:
                asked = asked or request.subscriptions
        if reply.error is None:
            self._served.answered(asked, at_ns)
            return
        self._served.refused(asked)
        self._recorder.counters.odd("refused")
        names = ", ".join(f"{each.channel} {each.symbol}".strip() for each in asked)
        log.error("%s: the exchange refuses%s: %s", self.conn, f" {names}" if names else "", reply.error)

    # What is said

    async def _subscribe(self, wire: Wire, start: Start) -> None:
        try:
            for request in self.plan.requests:
                for each in request.subscriptions:
                    self._served.ask(each, start)
                await wire.send(request.text)
                self._books.subscribed(request.subscriptions, anew=start.cause != "replaced")
                await asyncio.sleep(self.plan.send_interval_seconds)
        except WireError as error:
            self._end("disconnect", str(error))

    async def _keep_alive(self) -> None:
        while self.plan.keepalive_text is not None:
            await asyncio.sleep(self.plan.keepalive_seconds)
            self._send(self.plan.keepalive_text)

    def _resubscribe(self, stream: Subscription) -> bool:
        """Ask for a stream anew; False where the exchange allows that on a new connection only."""
        texts = self._exchange.requests.resubscribe(stream)
        for text in texts:
            self._send(text)
        return bool(texts)

    def _resubscribe_or_replace(self, stream: Subscription) -> None:
        if not self._resubscribe(stream):
            self.replacement.set()

    def _send(self, text: str) -> None:
        """Send without waiting for it; `_await_loss` sees a connection that is gone."""

        async def send() -> None:
            if self._wire is not None:
                with contextlib.suppress(WireError):
                    await self._wire.send(text)

        task = self._loop.create_task(send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    # What is watched

    async def _await_loss(self, wire: Wire) -> None:
        reason = await wire.lost()
        # An exchange cuts off whoever reads too slowly; what it had sent before is still read first.
        ours = self._recorder.backpressure.paused or self._loop.time() - self._resumed_at < OVERFLOW_SECONDS
        self._end("overflow" if ours else "disconnect", reason)

    async def _watch(self) -> None:
        recorder = self._recorder
        watch = Watch(
            self.plan,
            self._journal,
            self._liveness,
            self._served,
            recorder.coverage.silent,
            recorder.counters,
            self._patience,
            self._opened_at,
        )
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._books.adopt()
            now = self._loop.time()
            for action in watch.look(now, paused=recorder.backpressure.paused):
                match action:
                    case Replace():
                        self.replacement.set()
                    case Resubscribe(stream):
                        if self._resubscribe(stream):
                            self._books.subscribed([stream], anew=True)
                        elif recorder.coverage.silent.may_replace(now):
                            self.replacement.set()
                    case Over(cause, reason):
                        self._end(cause, reason)
                        return
