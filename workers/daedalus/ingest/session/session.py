"""A session: one websocket's life, from its opening to its end, written down in its journal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable

from msgspec import Struct

from ...exchanges.model import ConnectionPlan, Reply, Subscription
from ..journal import Journal
from ..recorder_state import RecorderState
from ..wire.client import LATEST_SECONDS, Wire, WireError, open_wire
from .book_sync import BookSync
from .books import FetchedBooks
from .listener import Listener, excerpt
from .liveness import Liveness
from .lost_frames import LostFrames
from .served_streams import ServedStreams, Start

__all__ = ["End", "Session"]

log = logging.getLogger("daedalus.ingest.session.session")

WATCH_SECONDS = 1.0
OVERFLOW_SECONDS = 30.0
CLOCK_STEP_NS = 500_000_000
SNAPSHOT_DELAY_SECONDS = 1.0
LIFETIME_MARGIN = 0.98
RESUBSCRIBE_SECONDS = 10.0


class End(Struct, frozen=True):
    """Why a session ended, when it last heard anything (UTC ns), and how many seconds it had lived.

    A dead link is noticed late: what is known to be covered ends at ``heard_ns``.
    """

    cause: str
    reason: str
    heard_ns: int
    lived_seconds: float


AskSnapshot = Callable[["Session", str, str], None]
"""Called with the session, the channel and the symbol of a book that needs a snapshot."""


class Session:
    """One connection of a plan. Open it, wait for `ended` or `replacement`, close it."""

    def __init__(
        self,
        plan: ConnectionPlan,
        conn: str,
        recorder: RecorderState,
        ask_snapshot: AskSnapshot,
        patience: float = 1.0,
    ) -> None:
        self.plan = plan
        self.conn = conn
        self.replacement = asyncio.Event()
        """Set when the session must end soon, and another should be opened before."""
        self._recorder = recorder
        self._exchange = recorder.exchange
        self._ask_snapshot = ask_snapshot
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(conn, recorder.append)
        self._heard_ns = 0
        self._opened_at = self._loop.time()
        self._resumed_at = float("-inf")
        self._liveness = Liveness(self._exchange.channels, plan.subscriptions, self._opened_at)
        self._service = ServedStreams(recorder, self._journal, plan.subscriptions, self._opened_at)
        books = BookSync()
        self._fetched = FetchedBooks(recorder, self._journal, self._service, books)
        self._listener = Listener(
            recorder, self._journal, self._liveness, self._service, books, self, plan.subscriptions
        )
        self._lost_frames = LostFrames(self._tell_lost)
        self._asked_anew: dict[tuple[str, str], float] = {}
        self._saying: set[asyncio.Task[None]] = set()
        self._wire: Wire | None = None
        self._ended: asyncio.Future[End] = self._loop.create_future()
        self._tasks: list[asyncio.Task[None]] = []

    # Its life

    async def open(self, start: Start) -> None:
        """Connect, and begin to subscribe. Raises `WireError` where the exchange cannot be reached."""
        self._wire = await open_wire(self.plan.url, self._receive, ping_seconds=self.plan.ping_seconds)
        self._opened(time.time_ns())
        self._recorder.counters.connected += 1
        self._recorder.join(self)
        self._tasks = [
            self._loop.create_task(self._subscribe(start)),
            self._loop.create_task(self._watch()),
            self._loop.create_task(self._await_loss()),
            self._loop.create_task(self._keep_alive()),
        ]

    async def ended(self) -> End:
        """Wait until the session has ended by itself, or was closed."""
        return await asyncio.shield(self._ended)

    @property
    def delivering(self) -> bool:
        """Whether the exchange has answered for every stream, and data has come."""
        return self._service.settled(self._loop.time()) and self._liveness.anything_heard

    @property
    def heard_ns(self) -> int:
        """When the last came that was handed over (UTC ns)."""
        return self._heard_ns

    async def close(self, cause: str, reason: str) -> None:
        """End the session for a reason of our own."""
        if self._wire is not None:
            self._wire.deliver()  # it was received before the end
        self._end(cause, reason)
        for task in self._tasks:
            task.cancel()
        if self._wire is not None:
            await self._wire.close()

    def pause(self) -> None:
        if self._wire is not None:
            self._wire.pause()

    def resume(self) -> None:
        self._resumed_at = self._loop.time()
        self._liveness.restart(self._resumed_at)
        if self._wire is not None:
            self._wire.resume()

    # What comes over the wire

    def _receive(self, times: list[int], payloads: list[bytes]) -> None:
        if self._ended.done():
            return
        if not self._journal.begun:  # the exchange spoke before `open` returned
            self._opened(times[0])
        self._heard_ns = times[-1]
        self._listener.receive(times, payloads, self._loop.time())

    def replied(self, reply: Reply, at_ns: int) -> None:
        asked: Iterable[Subscription] = reply.subscriptions
        for request in self.plan.requests:
            if request.id == reply.request_id:
                asked = asked or request.subscriptions
        if reply.error is None:
            self._service.answered(asked, at_ns)
            return
        self._service.refused(asked)
        self._recorder.counters.oddities["refused"] += 1
        names = ", ".join(f"{each.channel} {each.symbol}".strip() for each in asked)
        log.error("%s: the exchange refuses%s: %s", self.conn, f" {names}" if names else "", reply.error)

    def warned(self, payload: bytes) -> None:
        log.warning("%s: the exchange will end the connection: %s", self.conn, excerpt(payload))
        self.replacement.set()

    def wants(self, text: str) -> None:
        self._say(text)

    def book_needed(self, channel: str, symbol: str) -> None:
        if self._exchange.channels[channel].snapshot == "rest":
            self._ask_snapshot(self, channel, symbol)
            return
        now = self._loop.time()
        due = self._asked_anew.get((channel, symbol), float("-inf")) + RESUBSCRIBE_SECONDS
        if due > now + RESUBSCRIBE_SECONDS:
            return  # it is asked for anew already, in a while
        if due > now:
            # Its snapshot is on the way, or the exchange's checksum is not what we think it is.
            self._asked_anew[channel, symbol] = due
            self._loop.call_later(due - now, self._ask_anew, channel, symbol)
            return
        self._asked_anew[channel, symbol] = now
        self._ask_anew(channel, symbol)

    def _ask_anew(self, channel: str, symbol: str) -> None:
        if self._ended.done():
            return
        texts = self._exchange.resubscribe(Subscription(channel, symbol))
        if not texts:
            self.replacement.set()
        for text in texts:
            self._say(text)

    def frames_lost(self, missing: int, from_ns: int) -> None:
        self._lost_frames.lost(missing, from_ns)

    def _tell_lost(self, missing: int, from_ns: int) -> None:
        if self._ended.done():
            return
        at_ns = time.time_ns()
        for each in self._service.streams:
            if not self._exchange.channels[each.channel].consecutive:
                self._journal.lost(at_ns, each, missing, from_ns)
                if self._service.alone(each.channel, each.symbol):
                    self._recorder.gaps.outage(each, from_ns, at_ns)
        if any(self._exchange.channels[each.channel].snapshot == "stream" for each in self._service.streams):
            self.replacement.set()  # every book on it is suspect, and a new connection begins with snapshots

    def _say(self, text: str) -> None:
        """Send without waiting for it; a connection that is gone is told elsewhere."""

        async def send() -> None:
            if self._wire is not None:
                with contextlib.suppress(WireError):
                    await self._wire.send(text)

        task = self._loop.create_task(send())
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    # What we write down ourselves

    def record_snapshot(self, channel: str, symbol: str, last: int, body: bytes) -> bool:
        """Store a book fetched over REST that holds all up to ``last``; whether it is new enough."""
        return self._ended.done() or self._fetched.record(channel, symbol, last, body)

    def no_book(self, channel: str, symbol: str, reason: str) -> None:
        """A book could not be fetched, and why."""
        if not self._ended.done():
            self._fetched.none_yet(channel, symbol, reason)

    @property
    def age_seconds(self) -> float:
        """For how long it has been open."""
        return self._loop.time() - self._opened_at

    @property
    def over(self) -> bool:
        """Whether the session has ended."""
        return self._ended.done()

    def _opened(self, at_ns: int) -> None:
        if not self._journal.begun:
            self._journal.opened(at_ns, self.plan.url)
            self._heard_ns = at_ns

    # What goes on beside

    async def _subscribe(self, start: Start) -> None:
        assert self._wire is not None
        try:
            for request in self.plan.requests:
                for each in request.subscriptions:
                    self._service.ask(each, start)
                await self._wire.send(request.text)
                self._begin_books(request.subscriptions, anew=start.cause != "replaced")
                await asyncio.sleep(self.plan.send_interval_seconds)
        except WireError as error:
            self._end("disconnect", str(error))

    async def _keep_alive(self) -> None:
        """Say what the exchange wants to hear now and then."""
        while self.plan.keepalive_text is not None:
            await asyncio.sleep(self.plan.keepalive_seconds)
            self._say(self.plan.keepalive_text)

    def _begin_books(self, subscriptions: Iterable[Subscription], *, anew: bool) -> None:
        """Ask for a snapshot of each book that has it over REST; ``anew``: what was known of it is void."""
        for each in subscriptions:
            if self._exchange.channels[each.channel].snapshot == "rest":
                if anew:
                    self._fetched.begin(each.channel, each.symbol)
                # By then the stream runs, and the snapshot falls into it.
                self._loop.call_later(
                    SNAPSHOT_DELAY_SECONDS, self._ask_snapshot, self, each.channel, each.symbol
                )

    async def _await_loss(self) -> None:
        assert self._wire is not None
        reason = await self._wire.lost()
        # An exchange cuts off whoever reads too slowly, and what it still had sent is read first.
        ours = self._recorder.paused or self._loop.time() - self._resumed_at < OVERFLOW_SECONDS
        self._end("overflow" if ours else "disconnect", reason)

    async def _watch(self) -> None:
        offset_ns = time.time_ns() - time.monotonic_ns()
        warned = False
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = self._loop.time()
            step_ns = time.time_ns() - time.monotonic_ns() - offset_ns
            if abs(step_ns) > CLOCK_STEP_NS:
                offset_ns += step_ns
                log.warning("the clock was set by %+.3f s", step_ns / 1e9)
                self._journal.clock_stepped(step_ns)
            if self._lifetime_over(now):
                self.replacement.set()
            if not warned and (unconfirmed := self._service.overdue(now)):
                warned = True
                log.warning("%s: not confirmed by the exchange: %s", self.conn, _names(unconfirmed))
            if (late := self._liveness.late(now)) != self._recorder.counters.unheard.get(self.conn, 0):
                self._recorder.counters.unheard[self.conn] = late
            if never := self._liveness.alarm(now):
                streams = ", ".join(f"{channel} {symbol}".strip() for channel, symbol in never[:10])
                log.error("%s: subscribed, but never delivered: %s", self.conn, streams)
            if not self._recorder.paused:
                self._look_for_silence(now)
            limit = self.plan.silence_seconds
            if limit is not None and not self._recorder.paused and now - self._liveness.last_anything > limit:
                self._end("silence", f"nothing came for {limit:g} s, not even a heartbeat")
                return
            if not self._recorder.paused and (silent := self._liveness.silent_channel(now, self._patience)):
                self._end("silence", f"the channel {silent} said nothing")
                return

    def _look_for_silence(self, now: float) -> None:
        """Tell of streams that fell silent while their channel goes on, and ask for them anew."""
        silent = self._liveness.look(now)
        if silent:
            names = ", ".join(map(str, silent[:10])) + (f" and {len(silent) - 10} more" * (len(silent) > 10))
            log.warning("%s: silent while the channel goes on: %s", self.conn, names)
        for each in silent:
            heard_ns = time.time_ns() - int((each.seconds + LATEST_SECONDS) * 1e9)
            self._service.fell_silent(each.channel, each.symbol, heard_ns)
        silences = self._recorder.silences
        for key in silences.since_ns:
            if key in self._service.awaited and silences.may_ask(key, now):
                self._revive(Subscription(*key), now)

    def _revive(self, stream: Subscription, now: float) -> None:
        texts = self._exchange.resubscribe(stream)
        if not texts and self._recorder.silences.may_replace(now):
            self.replacement.set()
        for text in texts:
            self._say(text)
        if texts:
            self._begin_books([stream], anew=True)

    def _lifetime_over(self, now: float) -> bool:
        lifetime = self.plan.lifetime_seconds
        return lifetime is not None and now - self._opened_at > lifetime * LIFETIME_MARGIN

    def _end(self, cause: str, reason: str) -> None:
        if self._ended.done():
            return
        if self._journal.begun:
            self._lost_frames.flush()
            self._fetched.end(self._service.streams)
            self._service.end(cause, reason, self._heard_ns)
            self._recorder.leave(self)
            self._recorder.counters.connected -= 1
            self._recorder.counters.unheard.pop(self.conn, None)
        self._ended.set_result(End(cause, reason, self._heard_ns, self._loop.time() - self._opened_at))


def _names(subscriptions: Iterable[Subscription]) -> str:
    names = [f"{each.channel} {each.symbol}".strip() for each in sorted(subscriptions)]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
