from __future__ import annotations

from daedalus.exchanges.model import Channel, Subscription
from daedalus.ingest.session.stream_pace import StreamPaces

CHANNELS = {
    "depth": Channel(table="book_updates", silence_seconds=60),
    "trade": Channel(table="trades"),
    "forceOrder": Channel(table="liquidations"),
}
STREAMS = [Subscription(channel, symbol) for channel in CHANNELS for symbol in ("A", "B")]


class Heard:
    """Streams that are looked at every second, as a session does it."""

    def __init__(self) -> None:
        self.paces = StreamPaces(CHANNELS, STREAMS)
        self.times: dict[str, dict[str, float]] = {}
        self.now = 0.0
        self.silent: list[tuple[str, float, float]] = []

    def go(self, seconds: int, channel: str, **every: float) -> None:
        """Let each symbol be heard at its interval, for so many seconds."""
        for _ in range(seconds):
            self.now += 1
            for symbol, pause in every.items():
                if self.now % pause == 0:
                    self.times.setdefault(channel, {})[symbol] = self.now
            found = self.paces.look(self.times, self.now)
            self.silent += [(f"{each.channel} {each.symbol}", self.now, each.usual_seconds) for each in found]


def test_a_stream_that_stops_while_its_channel_goes_on_is_found_once() -> None:
    heard = Heard()
    heard.go(15, "depth", A=1, B=1)
    heard.go(300, "depth", A=1)
    assert heard.silent == [("depth B", 15 + 61, 1)]


def test_it_is_found_again_only_after_it_has_spoken() -> None:
    heard = Heard()
    heard.go(15, "depth", A=1, B=1)
    heard.go(100, "depth", A=1)
    heard.go(20, "depth", A=1, B=1)
    heard.go(1500, "depth", A=1)
    assert [name for name, _, _ in heard.silent] == ["depth B", "depth B"]
    assert heard.silent[1][2] == 101, "the pause that it made is usual by now"


def test_a_stream_is_held_against_its_own_pace() -> None:
    heard = Heard()
    heard.go(1000, "trade", A=1, B=50)
    heard.go(490, "trade", A=1)
    assert heard.silent == []
    heard.go(100, "trade", A=1)
    assert [name for name, _, _ in heard.silent] == ["trade B"]


def test_of_a_stream_that_was_hardly_ever_heard_silence_says_nothing() -> None:
    heard = Heard()
    heard.go(9, "depth", A=1, B=1)
    heard.go(1000, "depth", A=1)
    assert heard.silent == []


def test_where_the_whole_channel_is_silent_no_stream_is_blamed() -> None:
    heard = Heard()
    heard.go(30, "depth", A=1, B=1)
    heard.go(1000, "depth")
    assert heard.silent == []


def test_liquidations_are_quiet_by_nature() -> None:
    heard = Heard()
    heard.go(30, "forceOrder", A=1, B=1)
    heard.go(5000, "forceOrder", A=1)
    assert heard.silent == []
