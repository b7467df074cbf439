"""What the look at a connection once a second finds."""

from __future__ import annotations

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import ConnectionPlan, Subscription
from daedalus.ingest.counters import Counters
from daedalus.ingest.coverage import Coverage, Start
from daedalus.ingest.journal import Journal
from daedalus.ingest.session.liveness import Liveness
from daedalus.ingest.session.served_streams import ServedStreams
from daedalus.ingest.session.watch import Action, Over, Replace, Watch

CHANNELS = EXCHANGES["binance"].channels
STREAM = Subscription("trade", "BTCUSDT")


class Watched:
    """A connection that was opened at 0 s and asked for one stream."""

    def __init__(
        self, *, lifetime_seconds: float | None = None, silence_seconds: float | None = None
    ) -> None:
        plan = ConnectionPlan(
            "ws://x", (), (STREAM,), lifetime_seconds=lifetime_seconds, silence_seconds=silence_seconds
        )
        self.counters = Counters()
        self.liveness = Liveness(CHANNELS, [STREAM], 0.0)
        coverage, journal = Coverage(lambda *_: None), Journal("conn-0", lambda _: None)
        served = ServedStreams(coverage, CHANNELS, journal, [STREAM], 0.0)
        served.ask(STREAM, Start("start"))
        self.watch = Watch(
            plan, journal, self.liveness, served, coverage.silent, self.counters, 1.0, opened_at=0.0
        )

    def finds(self, now: float, *, paused: bool = False) -> list[Action]:
        return list(self.watch.look(now, paused=paused))


def test_a_connection_that_delivers_is_left_alone() -> None:
    watched = Watched(lifetime_seconds=100.0, silence_seconds=10.0)
    watched.liveness.heard("trade", "BTCUSDT", 1.0)
    watched.liveness.last_anything = 1.0
    assert watched.finds(2.0) == []


def test_a_connection_is_replaced_a_little_before_the_exchange_ends_it() -> None:
    watched = Watched(lifetime_seconds=10.0)
    assert watched.finds(9.7) == []
    assert watched.finds(9.9) == [Replace()]


def test_a_connection_without_any_message_is_over_unless_we_do_not_read() -> None:
    watched = Watched(silence_seconds=10.0)
    assert watched.finds(10.5, paused=True) == []
    assert watched.finds(10.5) == [Over("silence", "nothing came for 10 s, not even a heartbeat")]


def test_a_stream_without_an_answer_is_logged_once_and_counted_when_it_never_delivers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = Watched()
    for now in (11.0, 12.0):
        watched.finds(now)
    assert caplog.messages == ["conn-0: not confirmed by the exchange: trade BTCUSDT"]
    assert watched.counters.undelivered_streams == 0
    watched.finds(60.0)
    assert watched.counters.undelivered_streams == 1
    assert caplog.messages[1:] == ["conn-0: subscribed, but never delivered: trade BTCUSDT"]
