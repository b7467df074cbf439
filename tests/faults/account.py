"""The account: what became of every message that an exchange sent, by a reader that shares no code with us.

A message is *recorded* (its bytes lie in raw), *fetched* (its row came later, over REST), *told* (its own id,
or where there is none its own time, lies in a row of the ledger), or it was still on its way when the
recorder was told to stop for the last time.
Anything else is *lost in silence*, and fails the test. So does what is there twice, and what nobody sent.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from faults.exchange import Exchange
from faults.recorder import Tried

__all__ = ["Account", "Close", "settle"]

TABLES = {"trade": "trades", "aggTrade": "agg_trades"}
NUMBER = {"trade": "t", "aggTrade": "a"}
LAST_SECONDS = 3.0
"""How long before the last stop a message may have been sent that was still on its way: sockets hold some."""


@dataclass
class Account:
    """How many messages met which end; what must not be is in words."""

    sent: int = 0
    recorded: int = 0
    fetched: int = 0
    told: int = 0
    on_their_way: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """For the table of what was measured."""
        late = {"on_their_way": self.on_their_way} if self.on_their_way else {}
        return {
            "sent": self.sent,
            "recorded": self.recorded,
            "fetched": self.fetched,
            "told": self.told,
            "silent": len(self.silent),
            "twice": len(self.twice),
            "causes": dict(self.causes),
            **late,
        }

    def must_hold(self) -> None:
        """Fail where anything was lost in silence, is there twice, or was never sent."""
        problems = {"lost in silence": self.silent, "twice": self.twice, "never sent": self.invented}
        for what, found in problems.items():
            assert not found, f"{len(found)} {what}, such as {found[:5]}; {self.figures()}"
        assert self.sent
        assert self.sent == self.recorded + self.fetched + self.told + self.on_their_way


TOLERANCE_SECONDS = 0.05
"""Most seconds between the exchange's time of sending and the recorder's time of reading."""


Close = Callable[..., Account]
"""The fixture ``close_account``: called with the fault's name, the exchange, the recorder and ``rounds``."""


@dataclass(frozen=True)
class Event:
    """Something that happened on the market, as one message. ``first``, ``last``: ids, where they prove."""

    sent_ns: int
    channel: str
    symbol: str
    first: int | None
    last: int | None
    payload: bytes


def settle(exchange: Exchange, recorder: Tried) -> Account:
    """Account for everything that the exchange sent, after normalize has done all that waits."""
    return _Books(recorder).settle(_events(exchange), exchange.written)


def _events(exchange: Exchange) -> list[Event]:
    """What was sent, each event once: two connections may have brought the same."""
    events: dict[bytes, Event] = {}
    for sent_ns, message in exchange.sent():
        if not message.stream:
            continue
        payload = message.payload.encode() if isinstance(message.payload, str) else message.payload
        if payload not in events:
            events[payload] = _event(sent_ns, payload)
    return list(events.values())


def _event(sent_ns: int, payload: bytes) -> Event:
    body = json.loads(payload)
    name, _, stream = body["stream"].partition("@")
    channel, data = stream.partition("@")[0], body["data"]
    first = last = None
    if channel in NUMBER:
        first = last = int(data[NUMBER[channel]])
    elif channel == "depth":
        first, last = int(data["U"]), int(data["u"])
    return Event(sent_ns, channel, name.upper(), first, last, payload)


class _Books:
    """What the recorder left."""

    def __init__(self, recorder: Tried) -> None:
        rows = [row for row in recorder.messages() if row["kind"] == "message"]
        self._numbers = Counter((row["conn"], row["seq"]) for row in rows)
        self._received: dict[bytes, int] = {}
        self._times: Counter[tuple[str, bytes]] = Counter()
        for row in rows:
            if row["channel"] in (*TABLES, "depth", "bookTicker"):
                self._received.setdefault(row["payload"], row["recv_ns"])
                self._times[row["conn"], row["payload"]] += 1
        self._gaps: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for gap in recorder.ledger():
            self._gaps[gap["channel"], gap["symbol"]].append(gap)
        self._fetched: dict[str, set[tuple[str, int]]] = {}
        self._rows: Counter[tuple[str, str, int]] = Counter()
        for channel, table in TABLES.items():
            ids = [(row["symbol"], int(row["id"])) for row in recorder.table_rows(table)]
            self._fetched[channel] = set(ids)
            self._rows.update((channel, *each) for each in ids)
        self._stopped_ns = recorder.asked_to_stop_ns

    def settle(self, events: list[Event], written: Iterable[bytes]) -> Account:
        account = Account(sent=len(events))
        streams: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in events:
            streams[event.channel, event.symbol].append(event)
        for stream, of_stream in streams.items():
            self._follow(account, stream, of_stream)
        account.twice += [f"row {each}" for each, count in self._numbers.items() if count > 1]
        account.twice += [f"{each}" for each, count in self._rows.items() if count > 1]
        account.twice += [f"{conn} {body[:80]!r}" for (conn, body), count in self._times.items() if count > 1]
        sent = {event.payload for event in events}
        account.invented += [
            repr(body[:80])
            for body in self._received.keys() - sent
            if not any(data.endswith(body) for data in written)
        ]
        account.silent += self._unfilled()
        return account

    def _follow(self, account: Account, stream: tuple[str, str], events: Iterable[Event]) -> None:
        """One stream in the order in which it was sent: what is missing lies between two that are there."""
        before: tuple[int, int] | None = None  # when the last that is there was sent, and received
        missing: list[Event] = []
        for event in events:
            recv_ns = self._received.get(event.payload)
            if recv_ns is None:
                missing.append(event)
                continue
            account.recorded += 1
            for each in missing:
                self._explain(account, each, self._gaps[stream], before)
            missing.clear()
            before = event.sent_ns, recv_ns
        for each in missing:
            late = each.sent_ns > self._stopped_ns - LAST_SECONDS * 1e9
            if late and self._stopped_ns:
                account.on_their_way += 1
            else:
                self._explain(account, each, self._gaps[stream], before)

    def _explain(
        self,
        account: Account,
        event: Event,
        gaps: Iterable[dict[str, Any]],
        before: tuple[int, int] | None,
    ) -> None:
        # It would have been on its way for as long as the one before it was.
        way_ns = 0 if before is None else max(0, before[1] - before[0])
        gap = next((gap for gap in gaps if _covers(gap, event, way_ns)), None)
        if gap is None:
            account.silent.append(f"{event.channel} {event.symbol} {event.first}-{event.last}")
        elif (event.symbol, event.first) in self._fetched.get(event.channel, ()):
            account.fetched += 1
        else:
            account.told += 1
            account.causes[gap["cause"]] += 1

    def _unfilled(self) -> list[str]:
        """Ids between two that are there, which no row of the ledger names as missing still."""
        problems = []
        for channel, fetched in self._fetched.items():
            for symbol in {symbol for symbol, _ in fetched}:
                ids = {number for each, number in fetched if each == symbol}
                absent = set(range(min(ids), max(ids))) - ids
                for gap in self._gaps[channel, symbol]:
                    if gap["status"] != "filled" and gap["from_id"] is not None:
                        absent -= set(range(gap["from_id"] + 1, gap["to_id"]))
                problems += [f"{channel} {symbol} {number} has no row" for number in sorted(absent)]
        return problems


def _covers(gap: dict[str, Any], event: Event, way_ns: int) -> bool:
    """Whether the gap names the message: by its own id, or where there is none by its own time."""
    if event.first is not None and event.last is not None and gap["from_id"] is not None:
        return bool(gap["from_id"] < event.first and event.last < gap["to_id"])
    slack_ns = int(TOLERANCE_SECONDS * 1e9)
    began_ns, ended_ns = gap["from_timestamp"] - way_ns - slack_ns, gap["to_timestamp"] + slack_ns
    return bool(began_ns <= event.sent_ns <= ended_ns)
