from __future__ import annotations

import json

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Missing, Subscription
from daedalus.ingest.counters import Counters
from daedalus.ingest.coverage import Coverage, Start
from daedalus.ingest.gaps.live import LiveGaps
from daedalus.ingest.journal import Journal
from daedalus.ingest.session.served_streams import ServedStreams
from daedalus.store.raw import RawRecord

ONE, OTHER = Subscription("publicTrade", "BTCUSDT"), Subscription("publicTrade", "ETHUSDT")


class Desk:
    """The rows that connections write, and what is asked for over REST."""

    def __init__(self, exchange: str = "bybit") -> None:
        self.records: list[RawRecord] = []
        self.asked: list[Missing] = []
        self.channels = EXCHANGES[exchange].channels
        counters = Counters()
        gaps = LiveGaps(EXCHANGES[exchange], Continuity(self.channels), counters, self.asked.append)
        self.coverage = Coverage(gaps.seen_by_time)

    def service(self, conn: str, *streams: Subscription) -> ServedStreams:
        service = ServedStreams(
            self.coverage, self.channels, Journal(conn, self.records.append), streams, 0.0
        )
        for each in streams:
            service.ask(each, Start("start"))
        return service

    def notes(self, kind: str) -> list[tuple[int, str, object]]:
        return [
            (record.recv_ns, record.symbol, json.loads(record.payload).get("by"))
            for record in self.records
            if record.kind == kind
        ]


def test_a_stream_that_was_only_asked_for_is_not_served() -> None:
    desk = Desk()
    desk.service("run-0", ONE)
    assert not desk.coverage.connections((ONE.channel, ONE.symbol))
    assert desk.notes("served") == []


def test_the_answer_proves_service_and_so_does_a_message_and_the_first_of_them_is_written_down() -> None:
    desk = Desk()
    service = desk.service("run-0", ONE, OTHER)
    service.answered([ONE], 70)
    service.heard(ONE.channel, ONE.symbol, 80)
    service.heard(OTHER.channel, OTHER.symbol, 90)
    service.answered([OTHER], 95)
    assert desk.notes("served") == [(70, "BTCUSDT", "answer"), (90, "ETHUSDT", "message")]
    assert desk.coverage.first_served_ns == 70
    assert not service.awaited


def test_one_stream_for_all_symbols_is_proved_by_any_of_them() -> None:
    desk = Desk("bitfinex")
    name = "liq"
    service = desk.service("run-0", Subscription(name, ""))
    service.heard(name, "ETHUSDT", 7)
    assert desk.notes("served") == [(7, "", "message")]


def test_what_nobody_served_is_asked_for_once_somebody_does() -> None:
    desk = Desk()
    first = desk.service("run-0", ONE)
    first.answered([ONE], 50)
    first.end("disconnect", "gone", 60)
    second = desk.service("run-1", ONE)
    assert desk.asked == []  # its end is not known yet
    second.heard(ONE.channel, ONE.symbol, 90)
    assert desk.asked == [Missing(ONE.channel, ONE.symbol, None, None, 60, 90)]


def test_a_connection_that_served_nothing_does_not_shorten_what_is_missing() -> None:
    desk = Desk()
    first = desk.service("run-0", ONE)
    first.answered([ONE], 50)
    first.end("disconnect", "gone", 60)
    desk.service("run-1", ONE).end("disconnect", "gone again", 80)
    desk.service("run-2", ONE).answered([ONE], 90)
    assert desk.asked == [Missing(ONE.channel, ONE.symbol, None, None, 60, 90)]


def test_a_replacement_that_serves_before_the_old_one_ends_leaves_nothing_to_ask_for() -> None:
    desk = Desk()
    old, new = desk.service("run-0", ONE), desk.service("run-1", ONE)
    old.answered([ONE], 50)
    new.answered([ONE], 60)
    old.end("replaced", "replaced before its end", 70)
    assert desk.asked == []
    assert desk.coverage.connections((ONE.channel, ONE.symbol)) == 1


def test_streams_without_an_answer_are_named_after_a_while_and_waited_for_no_longer() -> None:
    service = Desk().service("run-0", ONE, OTHER)
    service.answered([ONE], 1)
    assert (service.settled(5), service.overdue(5)) == (False, [])
    assert (service.settled(11), service.overdue(11)) == (True, [OTHER])
    service.heard(OTHER.channel, OTHER.symbol, 12)
    assert (service.settled(5), service.overdue(13)) == (True, [])


def test_a_refused_stream_is_not_waited_for() -> None:
    service = Desk().service("run-0", ONE)
    service.refused([ONE])
    assert service.settled(1)


def test_a_stream_that_fell_silent_is_served_again_by_a_message_alone() -> None:
    desk = Desk()
    service = desk.service("run-0", ONE)
    service.answered([ONE], 50)
    service.fell_silent(ONE.channel, ONE.symbol, 60)
    other = desk.service("run-1", ONE)
    for each in (service, other):
        each.answered([ONE], 70)
    assert not desk.coverage.connections((ONE.channel, ONE.symbol))
    assert list(desk.coverage.silent) == [(ONE.channel, ONE.symbol)]
    other.heard(ONE.channel, ONE.symbol, 90)
    assert desk.notes("served") == [(50, "BTCUSDT", "answer"), (90, "BTCUSDT", "message")]
    assert not desk.coverage.silent
    assert desk.asked == [Missing(ONE.channel, ONE.symbol, None, None, 60, 90)]


def test_a_stream_that_another_connection_serves_is_not_silent() -> None:
    desk = Desk()
    one, other = desk.service("run-0", ONE), desk.service("run-1", ONE)
    for each in (one, other):
        each.answered([ONE], 50)
    one.fell_silent(ONE.channel, ONE.symbol, 60)
    assert not desk.coverage.silent
