from __future__ import annotations

from daedalus.ingest.silent_streams import SilentStreams

ONE, OTHER = ("depth", "A"), ("depth", "B")


def asked(silent: SilentStreams, stream: tuple[str, str], seconds: int) -> list[int]:
    return [now for now in range(0, seconds, 60) if silent.may_ask(stream, float(now))]


def test_a_silent_stream_is_asked_for_at_once_and_then_with_growing_pauses() -> None:
    assert asked(SilentStreams(), ONE, 5000) == [0, 600, 1800, 4200]


def test_a_stream_that_stays_silent_is_asked_for_once_a_day_in_the_end() -> None:
    times = asked(SilentStreams(), ONE, 10 * 86_400)
    assert len(times) < 20
    assert times[-1] - times[-2] == 86_400


def test_each_stream_has_its_own_pauses_and_all_share_the_connections() -> None:
    silent = SilentStreams()
    assert silent.may_ask(ONE, 0.0)
    assert silent.may_ask(OTHER, 1.0)
    assert silent.may_replace(0.0)
    assert not silent.may_replace(1.0)
    assert silent.may_replace(600.0)


def test_many_silent_streams_are_told_in_one_line() -> None:
    silent = SilentStreams()
    for number in range(8):
        silent.add(("depth", str(number)), 1)
    assert str(silent) == "depth 0, depth 1, depth 2, depth 3, depth 4 and 3 more"
