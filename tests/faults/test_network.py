"""A network and an exchange that refuse, reset, hang, flood, and say what nobody expects."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.account import Close
from faults.cable import Cable
from faults.exchange import Exchange, an_exchange
from faults.link import a_link
from faults.recorder import Tried
from faults.relay import Relay, a_relay

from daedalus.simulator import Faults


@pytest.fixture
def relay(exchange: Exchange) -> Iterator[Relay]:
    with a_relay(exchange.port) as made:
        yield made


@pytest.fixture
def recorder(tmp_path: Path, relay: Relay, recorders: list[Tried]) -> Tried:
    made = Tried(tmp_path / "recorder", relay.port)
    recorders.append(made)
    return made


def test_a_exchange_that_is_reset_again_and_again_leaves_no_silent_gap(
    exchange: Exchange, relay: Relay, recorder: Tried, close_account: Close, long: bool
) -> None:
    rounds = 8 if long else 2  # the pauses between them double
    recorder.round()
    for _ in range(rounds):
        (relay.reset if random.random() < 0.5 else exchange.reset)()
        recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account("TCP reset", exchange, recorder, rounds=rounds)
    assert account.causes.keys() <= {"disconnect"}


def test_a_exchange_that_refuses_for_a_while_is_found_again(
    exchange: Exchange, relay: Relay, recorder: Tried, close_account: Close, long: bool
) -> None:
    rounds = 5 if long else 1
    recorder.round()
    for _ in range(rounds):
        said = recorder.log_text().count("Connection refused")
        relay.refuse()
        recorder.until_said("Connection refused", more_than=said)
        relay.listen()
        recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account("connection refused", exchange, recorder, rounds=rounds)
    assert account.causes.keys() <= {"disconnect"}


def head(status: str, *headers: str) -> str:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "Connection: close", "", ""))


ANSWERS = {
    "429": (head("429 Too Many Requests", "Retry-After: 1"), "HTTP 429"),
    "418": (head("418 I'm a teapot", "Retry-After: 1"), "HTTP 418"),
    "451": (head("451 Unavailable For Legal Reasons"), "HTTP 451"),
    "500": (head("500 Internal Server Error"), "HTTP 500"),
    "503": (head("503 Service Unavailable"), "HTTP 503"),
    "a redirect in circles": (head("302 Found", "Location: /round"), "cannot connect"),
    "a redirect to plain text": (head("301 Moved", "Location: http://127.0.0.1:1/"), "cannot connect"),
    "no HTTP": ("220 mail.example.org ESMTP\r\n\r\n", "cannot connect"),
    "a head without end": ("HTTP/1.1 101 Switching Protocols\r\nX: " + "a" * 300_000, "cannot connect"),
    "a reset": ("reset", "cannot connect"),
    "no answer": ("silent", "no answer in time"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_whatever_the_exchange_answers_it_is_asked_again_until_it_serves(
    exchange: Exchange, relay: Relay, recorder: Tried, close_account: Close, answer: str, long: bool
) -> None:
    if not long and answer != "451":
        pytest.skip("one answer is enough for the short form (--long: all)")
    way, said = ANSWERS[answer]
    recorder.round()
    relay.way = way
    exchange.reset()
    recorder.until_said(said)
    assert "Traceback" not in recorder.log_text()
    relay.way = "forward"
    recorder.until_recording(time.time_ns())
    assert relay.taken < 60, "the exchange was hammered"
    recorder.stop()
    account = close_account(f"the handshake is answered with {answer}", exchange, recorder)
    assert account.causes.keys() <= {"disconnect"}


def frame(opcode: int, payload: bytes, *, compressed: bool = False) -> bytes:
    size = len(payload).to_bytes(8, "big")
    return bytes((0x80 | (0x40 if compressed else 0) | opcode, 127)) + size + payload


TEXT, BINARY = 1, 2
STRANGE = {
    "text that is no UTF-8": frame(TEXT, b'{"stream":"btcusdt@trade","data":\xff\xfe\xc3(}'),
    "a frame of 16 MB": frame(TEXT, b'{"stream":"x@y","data":"' + b"z" * (16 << 20) + b'"}'),
    "binary where text is due": frame(BINARY, os.urandom(5000)),
    "nested a hundred thousand deep": frame(TEXT, b"[" * 100_000 + b"]" * 100_000),
    "a stream of that nobody asked for": frame(
        TEXT, b'{"stream":"../../etc/passwd@trade","data":{"s":"../../x"}}'
    ),
    "a symbol of 10 kB with NUL": frame(
        TEXT, b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"' + b"..\\u0000/" * 1400 + b'","t":1}}'
    ),
}


def test_strange_messages_are_kept_as_they_came_and_end_nothing(
    exchange: Exchange, recorder: Tried, close_account: Close, long: bool
) -> None:
    recorder.round()
    for strange in STRANGE.values():
        exchange.write(strange)
        if long:
            recorder.until_recording(time.time_ns())
    recorder.until_recording(time.time_ns())
    recorder.stop()
    kept = {row["payload"] for row in recorder.messages() if row["channel"] == "_unknown"}
    kept |= {row["payload"] for row in recorder.messages() if row["kind"] == "message"}
    assert all(any(strange.endswith(payload) for payload in kept if payload) for strange in STRANGE.values())
    assert recorder.figure("reconnects") == 0
    names = {path.name for path in recorder.data.rglob("*")}
    assert not any("passwd" in name or "\0" in name for name in names)
    account = close_account("messages that nobody expects", exchange, recorder, rounds=len(STRANGE))
    assert account.told == 0


BROKEN = {
    "a compressed bomb that was not agreed upon": frame(TEXT, b"\x78\x9c" + bytes(1000), compressed=True),
    "a frame said to be 8 EB": bytes((0x81, 127)) + b"\x7f" + b"\xff" * 7,
    "a frame of a kind there is not": bytes((0x8B, 0)),
    "a ping of 1 MB": frame(9, bytes(1 << 20)),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_frames_cost_a_connection_and_no_memory(
    exchange: Exchange, recorder: Tried, close_account: Close, broken: str, long: bool
) -> None:
    if not long and "8 EB" not in broken:
        pytest.skip("one is enough for the short form (--long: all)")
    recorder.round()
    exchange.write(BROKEN[broken])
    recorder.until("reconnects", 1)
    recorder.until_recording(time.time_ns())
    assert recorder.figure("rss_bytes") < 150e6
    recorder.stop()
    account = close_account(broken, exchange, recorder)
    assert account.causes.keys() <= {"disconnect", "exchange"}


def test_a_flood_costs_no_message_and_no_unbounded_memory(
    tmp_path: Path, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    # All that happens in five seconds comes at once: for that moment far beyond 20 times the usual rate.
    with an_exchange(rate=1000, faults=Faults(flood_seconds=5.0)) as exchange:
        recorder = Tried(tmp_path / "recorder", exchange.port, segment_max_mb=5)
        recorders.append(recorder)
        recorder.round()
        recorder.until("messages", 60_000 if long else 4_000)
        peak = recorder.figure("rss_bytes")
        recorder.stop()
        account = close_account("a flood", exchange, recorder)
    assert peak < 150e6
    assert account.told == 0


@pytest.mark.long
def test_a_pulled_cable_is_noticed_though_nothing_says_so(
    tmp_path: Path, recorders: list[Tried], close_account: Close
) -> None:
    cable = Cable()
    with an_exchange(prepare=cable.join) as exchange:
        recorder = Tried(tmp_path / "recorder", exchange.port)
        recorders.append(recorder)
        recorder.start(under=cable.under)
        recorder.until("messages", 500)
        for _ in range(2):
            cable.pull()
            time.sleep(75)
            cable.plug()
            recorder.until_recording(time.time_ns())
        recorder.stop()
        account = close_account("the cable is pulled for 75 s", exchange, recorder, rounds=2)
    assert account.causes.keys() <= {"disconnect", "silence"}


@pytest.mark.long
def test_a_link_that_lets_nothing_through_is_given_up(
    exchange: Exchange, relay: Relay, recorder: Tried, close_account: Close
) -> None:
    recorder.round()
    relay.freeze()
    recorder.until_said("ended after")
    relay.thaw()
    recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account("half-open: open, and nothing passes", exchange, recorder)
    # The book's snapshot is asked for over the same link, and is late with all the rest.
    assert account.causes.keys() <= {"disconnect", "silence", "snapshot"}


def test_a_slow_link_that_loses_packets_costs_time_and_no_message(
    tmp_path: Path, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    with (
        a_link(delay=0.1, jitter=0.03, loss=0.02) as link,
        an_exchange(rate=400, prepare=link.join) as exchange,
    ):
        recorder = Tried(tmp_path / "recorder", exchange.port)
        recorders.append(recorder)
        recorder.start(under=link.under)
        recorder.until("messages", 20_000 if long else 1_500)
        assert recorder.figure("reconnects") == 0
        recorder.stop()
        account = close_account("200 ms there and back, 2 % of the packets lost", exchange, recorder)
    assert link.lost > 10
    assert account.told == 0
