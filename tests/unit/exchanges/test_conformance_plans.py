"""What every exchange is asked for: each stream once, within the limits that `samples.py` says."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from support.exchange_samples import Connects
from unit.exchanges.sampled import SAMPLES

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import ConnectionPlan, Subscription

ELSEWHERE = "ws://127.0.0.1:8123"


def plain(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def asked(name: str, wanted: list[Subscription]) -> set[Subscription]:
    """The streams that serve these; an exchange may serve several by one."""
    found = (SAMPLES[name].serves((one.channel, one.symbol)) for one in wanted)
    return {Subscription(channel, symbol) for channel, symbol in found}


@pytest.mark.parametrize("count", [1, 40, 330])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_plan_serves_each_stream_once_and_keeps_every_limit(name: str, count: int) -> None:
    wanted = SAMPLES[name].wanted(name, count)
    plans = EXCHANGES[name].requests.plan([*wanted, *wanted[:10]], ELSEWHERE)
    served = [one for plan in plans for one in plan.subscriptions]
    assert len(served) == len(set(served))
    assert set(served) == asked(name, wanted)
    for plan in plans:
        assert plan.url.startswith(ELSEWHERE)
        assert sorted(one for each in plan.requests for one in each.subscriptions) == sorted(
            plan.subscriptions
        )
        numbers = [each.id for each in plan.requests if each.subscriptions]
        assert len(numbers) == len(set(numbers))
        keeps_limits(name, plan)


def keeps_limits(name: str, plan: ConnectionPlan) -> None:
    limits = SAMPLES[name].limits
    texts = [each.text for each in plan.requests]
    assert limits.streams is None or len(plan.subscriptions) <= limits.streams
    for channel, number in Counter(one.channel for one in plan.subscriptions).items():
        assert number <= limits.channel_streams.get(channel, number)
    for each in plan.requests:
        assert limits.request_streams is None or len(each.subscriptions) <= limits.request_streams
        assert limits.request_bytes is None or len(each.text) <= limits.request_bytes
    assert limits.connection_bytes is None or sum(map(len, texts)) <= limits.connection_bytes
    assert plan.send_interval_seconds >= limits.interval
    assert len(texts) / EXCHANGES[name].connect_interval_seconds <= limits.messages_per_second
    assert limits.silence in (None, plan.silence_seconds)
    assert limits.lifetime in (None, plan.lifetime_seconds)
    assert (plan.keepalive_text and plain(plan.keepalive_text)) == limits.keepalive
    assert limits.keepalive_below is None or plan.keepalive_seconds < limits.keepalive_below


@pytest.mark.parametrize("name", SAMPLES)
def test_streams_are_spread_over_connections_as_they_were(name: str) -> None:
    for channels, count, sizes in SAMPLES[name].limits.spread:
        symbols = [SAMPLES[name].symbols(number) for number in range(count)]
        wanted = [
            Subscription(channel, symbol if EXCHANGES[name].channels[channel].per_symbol else "")
            for channel in channels
            for symbol in symbols
        ]
        plans = EXCHANGES[name].requests.plan(wanted, ELSEWHERE)
        assert [len(plan.subscriptions) for plan in plans] == list(sizes)


@pytest.mark.parametrize(
    ("name", "sample"), [(name, each) for name in SAMPLES for each in SAMPLES[name].connects]
)
def test_a_connection_says_what_the_exchange_wants_to_hear(name: str, sample: Connects) -> None:
    wanted = [Subscription(*stream) for stream in sample.streams]
    (plan,) = EXCHANGES[name].requests.plan(wanted, sample.url or EXCHANGES[name].websocket_url)
    assert sample.connects is None or plan.url == sample.connects
    assert [plain(each.text) for each in plan.requests] == list(sample.texts)


@pytest.mark.parametrize(
    ("name", "url", "connected"),
    [(name, url, found) for name in SAMPLES for url, found in SAMPLES[name].urls.items()],
)
def test_the_endpoint_is_found_from_any_form_of_the_address(
    name: str, url: str, connected: list[str]
) -> None:
    plans = EXCHANGES[name].requests.plan(SAMPLES[name].wanted(name, 1), url)
    assert [plan.url for plan in plans] == connected


@pytest.mark.parametrize("name", SAMPLES)
def test_a_fresh_book_is_asked_for_as_the_exchange_wants_it(name: str) -> None:
    exchange, samples = EXCHANGES[name], SAMPLES[name]
    for (channel, symbol), texts in samples.resubscribes.items():
        sent = exchange.requests.resubscribe(Subscription(channel, symbol))
        assert [plain(text) for text in sent] == list(texts)
    shown = {channel for channel, _ in samples.resubscribes}
    for channel, about in exchange.channels.items():
        can = (
            about.snapshot == "stream"
            and exchange.requests.resubscribe(Subscription(channel, samples.symbols(1))) != ()
        )
        assert not can or channel in shown, f"samples.py does not show how {channel} is asked for anew"
