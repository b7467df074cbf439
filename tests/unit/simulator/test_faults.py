"""The faults without a socket: which messages are sent, which are lost, which requests are refused."""

from __future__ import annotations

import json

import pytest

from daedalus.simulator import Faults, SimulatorError
from daedalus.simulator.faults import Courier, Loss, Refusals

SECOND = 10**9


def carried(faults: Faults, count: int) -> tuple[list[str | bytes], list[int]]:
    """The messages among "1", "2", ... that arrive, and the numbers of the lost ones."""
    courier = Courier(faults)
    arrived: list[str | bytes] = []
    lost = []
    for number in range(1, count + 1):
        fate = courier.carry("stream", str(number))
        arrived += [payload for _, payload in fate.sent]
        if fate.lost:
            lost.append(number)
        if fate.ends:
            arrived.append("end")
    return arrived, lost


def test_each_nth_message_is_lost_and_all_else_arrives() -> None:
    assert carried(Faults(lose_every=3), 7) == (["1", "2", "4", "5", "7"], [3, 6])


def test_another_connection_loses_other_messages() -> None:
    courier = Courier(Faults(lose_every=3), number=1)
    lost = [courier.carry("stream", str(number)).lost for number in range(1, 7)]
    assert [number for number, is_lost in enumerate(lost, start=1) if is_lost] == [2, 5]


def test_each_nth_message_comes_twice() -> None:
    assert carried(Faults(duplicate_every=2), 4) == (["1", "2", "2", "3", "4", "4"], [])


def test_each_nth_message_comes_behind_its_neighbour() -> None:
    assert carried(Faults(swap_every=3), 8) == (["1", "2", "4", "3", "5", "7", "6", "8"], [])
    assert carried(Faults(swap_every=1), 4) == (["2", "1", "4", "3"], [])


def test_a_message_that_waits_for_its_neighbour_also_comes_behind_one_that_is_lost() -> None:
    assert carried(Faults(swap_every=2, lose_every=3), 4)[0] == ["1", "2"]
    assert carried(Faults(swap_every=2, lose_every=3), 5) == (["1", "2", "5", "4"], [3])


def test_a_connection_ends_or_falls_silent_behind_its_last_message() -> None:
    assert carried(Faults(drop_after=2), 3) == (["1", "2", "end"], [3])
    assert carried(Faults(stall_after=2), 4) == (["1", "2"], [3, 4])
    assert carried(Faults(drop_after=2, lose_every=2), 2) == (["1", "end"], [2])


def test_damage_comes_in_addition_and_is_of_no_stream() -> None:
    courier = Courier(Faults(garble_every=1, truncate_every=1))
    message, *damage = courier.carry("stream", '{"a":[1,2]}').sent
    assert message == ("stream", '{"a":[1,2]}')
    assert [stream for stream, _ in damage] == ["", ""]
    for _, text in damage:
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(text)
    assert damage[1][1] == '{"a":'


def test_streams_are_muted_by_name_or_by_pattern() -> None:
    courier = Courier(Faults(mute=("btcusdt@trade", "*@depth")))
    assert courier.mutes("btcusdt@trade")
    assert courier.mutes("ethusdt@depth")
    assert not courier.mutes("ethusdt@trade")


def test_what_is_lost_for_all_is_the_same_message_in_every_form() -> None:
    loss = Loss(3)
    plain, wrapped = ("trade", (False,)), ("trade", (True,))
    assert loss.judge([plain, wrapped, plain, wrapped]) == [False] * 4
    assert loss.judge([("other", ()), wrapped, wrapped]) == [False, True, False]
    assert loss.judge([("other", ()), plain, plain]) == [False, False, True]


def test_rest_refuses_the_first_requests_and_says_when_to_come_again() -> None:
    refusals = Refusals(Faults(rest_status=429, rest_refusals=2), 0)
    first, second = refusals.refuse(1), refusals.refuse(2)
    assert first is not None
    assert (first.status, first.headers) == (429, {"Retry-After": "1"})
    assert second == first
    assert refusals.refuse(3) is None


def test_rest_refuses_for_a_time() -> None:
    refusals = Refusals(Faults(rest_status=418, rest_seconds=5), 100 * SECOND)
    banned = refusals.refuse(102 * SECOND)
    assert banned is not None
    assert (banned.status, banned.headers["Retry-After"]) == (418, "3")
    assert refusals.refuse(105 * SECOND) is None


def test_rest_refuses_nothing_or_all() -> None:
    assert Refusals(Faults(), 0).refuse(1) is None
    always = Refusals(Faults(rest_status=429), 0)
    assert all(always.refuse(second * SECOND) for second in range(100))
    with pytest.raises(SimulatorError, match="--rest-status 499"):
        Refusals(Faults(rest_status=499), 0)
