"""What the watchdog does about what it sees, as tables: look after look, minute by minute."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from daedalus.watchdog.decide import Decision, decide
from daedalus.watchdog.observation import Limits, MachineSeen, MemorySeen, Observation, WorkerSeen
from daedalus.watchdog.state import State

MB = 1_000_000
LIMITS = Limits(
    memory_warn=1_200 * MB, memory_restart=1_800 * MB, min_free=500 * MB, repeat_seconds=24 * 3600.0
)
NOW_NS = 1_800_000_000_000_000_000
MINUTE = 60.0


def worker(mb: float = 100, **fields: Any) -> WorkerSeen:
    memory = fields.pop("memory", MemorySeen(used=int(mb * MB)))
    about: dict[str, Any] = {
        "worker": "ingest-binance",
        "state": "running",
        "pid": 7,
        "started_ns": 1,
        "silent_seconds": 0.5,
        "heard": True,
        "connected": 1,
        **fields,
    }
    return WorkerSeen(memory=memory, **about)


GONE = worker(state="killed", pid=None, memory=None, silent_seconds=None)


def observation(minute: float, *workers: WorkerSeen, boot_id: str = "this", **machine: Any) -> Observation:
    return Observation(
        at=1000 + minute * MINUTE,
        now_ns=NOW_NS + int(minute * MINUTE * 1e9),
        boot_id=boot_id,
        workers=workers,
        machine=MachineSeen(**machine),
    )


def watch(looks: Iterable[Observation], state: State | None = None) -> list[Decision]:
    state = state or State()
    decisions = []
    for seen in looks:
        decisions.append(decide(seen, state, LIMITS))
        state = decisions[-1].state
    return decisions


def minutes(workers: Iterable[WorkerSeen]) -> list[Decision]:
    """One look a minute, with one worker each."""
    return watch(observation(minute, each) for minute, each in enumerate(workers))


def told(decision: Decision) -> str:
    return " | ".join(each.text for each in decision.announcements)


@pytest.mark.parametrize(
    ("mb", "restarted", "words"),
    [
        (1_199, False, ""),
        (1_200, False, "ingest-binance holds 1.2 GB of memory, and is restarted at 1.8 GB"),
        (1_799, False, "holds 1.8 GB of memory, and is restarted at"),
        (1_800, True, "which is over 1.8 GB"),
        (9_000, True, "which is over 1.8 GB | restarting ingest-binance"),
    ],
)
def test_memory_is_warned_of_then_ends_in_a_restart(mb: float, restarted: bool, words: str) -> None:
    (decision,) = minutes([worker(mb)])
    assert bool(decision.restarts) is restarted
    assert words in told(decision)
    assert bool(words) is bool(decision.announcements)


def test_a_growing_worker_is_warned_of_once_and_restarted_once_and_its_recovery_is_told() -> None:
    sizes = [100, 1_300, 1_400, 1_900, 100, 100, 100]
    decisions = minutes(worker(mb, started_ns=1 if minute < 4 else 2) for minute, mb in enumerate(sizes))
    assert [len(each.restarts) for each in decisions] == [0, 0, 0, 1, 0, 0, 0]
    assert [len(each.announcements) for each in decisions] == [0, 1, 0, 2, 0, 1, 0]
    assert told(decisions[5]).startswith("over, after 2.0 min: ingest-binance holds 1.9 GB")


def test_restarts_of_a_worker_that_leaks_at_once_come_with_growing_pauses() -> None:
    decisions = minutes(worker(2_000, started_ns=minute) for minute in range(1, 24 * 60))
    moments = [minute for minute, each in enumerate(decisions) if each.restarts]
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert moments[0] == 0
    assert pauses == [5, 15, 45, 120, 360, 360, 360]
    texts = [told(each) for each in decisions]
    assert (
        sum("holds" in text and "restarting" not in text for text in texts) == 0
    )  # told once, not each minute


def test_a_restart_that_is_held_back_says_until_when() -> None:
    *_, last = minutes(worker(2_000, started_ns=minute) for minute in range(1, 4))
    text = next(iter(last.state.problems.values())).text
    assert text.endswith("Restarted too often lately; not again for 3.0 min") or "not again for 180 s" in text


def stalled(throttled: int, percent: float = 80.0) -> WorkerSeen:
    return worker(memory=MemorySeen(used=1_500 * MB, throttled=throttled, stalled_percent=percent))


@pytest.mark.parametrize(
    ("looks", "restarted"),
    [
        ([stalled(0), stalled(10), stalled(20)], True),
        ([stalled(0), stalled(10)], False),  # one look may be a burst
        ([stalled(0), stalled(10), stalled(10), stalled(20)], False),  # it got over it in between
        ([stalled(0, 10), stalled(10, 10), stalled(20, 10), stalled(30, 10)], False),  # only its file cache
        ([stalled(500), stalled(500), stalled(500)], False),  # that was before we came
    ],
)
def test_a_worker_that_stalls_at_memory_high_is_restarted_below_the_limit(
    looks: list[WorkerSeen], restarted: bool
) -> None:
    assert any(each.restarts for each in minutes(looks)) is restarted


def silent(minute: float, **fields: Any) -> WorkerSeen:
    return worker(silent_seconds=minute * MINUTE, **fields)


def test_a_worker_that_reconnects_in_vain_is_restarted_once_then_only_told() -> None:
    before = [silent(minute, reconnects=minute) for minute in range(12)]
    after = [silent(m, started_ns=2, heard=False, reconnects=m, connected=0) for m in range(600)]
    decisions = minutes(before[:8] + after)
    assert sum(len(each.restarts) for each in decisions) == 1
    texts = [text for each in decisions if (text := told(each))]
    assert len(texts) == 2
    assert "ingest-binance has received nothing for 6.0 min" in texts[0]
    assert texts[0].endswith(" | restarting ingest-binance")
    assert "It was restarted once, which did not help; it is not restarted again" in texts[1]


def test_after_data_came_back_the_next_silence_is_cured_again_but_not_at_once() -> None:
    down = [silent(minute, connected=0) for minute in range(5, 8)]
    up = [worker(started_ns=2)] * 3
    decisions = minutes([*down, *up, *(replace(each, started_ns=2) for each in down)])
    assert [len(each.restarts) for each in decisions] == [0, 1, 0, 0, 0, 0, 0, 1, 0]
    assert "over, after" in told(decisions[4])


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        ([silent(m) for m in range(29)], ""),  # a quiet market on a connection that lives
        ([silent(m) for m in range(40)], "Are these symbols traded now?"),
        (
            [silent(m, state="blocked", note="disk full", connected=0) for m in range(12)],
            "cannot go on: disk full",
        ),
        ([silent(6, connected=0), worker()], ""),  # what a second look does not find again
    ],
)
def test_silence_without_a_fault_of_the_worker_restarts_nothing(looks: list[WorkerSeen], words: str) -> None:
    decisions = minutes(looks)
    assert not any(each.restarts for each in decisions)
    texts = [text for each in decisions if (text := told(each))]
    assert [words in text for text in texts] == ([True] if words else [])


@pytest.mark.parametrize(
    ("state", "restarted", "words"),
    [("silent", True, "has stopped working"), ("killed", False, "has ended and was not started again")],
)
def test_a_worker_that_hangs_is_restarted_and_one_that_is_gone_is_told(
    state: str, restarted: bool, words: str
) -> None:
    seen = worker(state=state) if restarted else GONE
    first, second = minutes([seen, seen])
    assert not first.announcements
    assert bool(second.restarts) is restarted
    assert words in told(second)


def test_a_crash_loop_raises_one_alert() -> None:
    decisions = minutes(worker(started_ns=minute) for minute in range(1, 20))
    assert not any(each.restarts for each in decisions)
    assert [told(each) for each in decisions if each.announcements] == [
        "ingest-binance has been started 3 times within 15 min. Look at the end of its log: "
        "logs/ingest-binance.log in data_dir"
    ]


MACHINE: list[tuple[dict[str, Any], int, str]] = [
    ({"disk_free": 2_000 * MB}, 20, ""),
    ({"disk_free": 700 * MB}, 3, "700.0 MB of disk are free, recording stops at 500.0 MB"),
    ({"disk_free": 400 * MB}, 1, "below 500.0 MB recording waits"),
    ({"disk_free": 10**12, "read_only": True}, 1, "data_dir is read-only, which is how a card dies"),
    ({"clock_synchronized": False}, 10, ""),
    ({"clock_synchronized": False}, 12, "the clock is not synchronized"),
    ({"clock_synchronized": None}, 20, ""),
    ({"clock_synchronized": True, "clock_offset": -0.7}, 3, "-0.700 s away"),
    ({"temperature": 79.9}, 20, ""),
    ({"temperature": 80.0}, 3, "80 °C"),
    ({"undervoltage": True}, 1, "voltage is too low"),
    ({"throttled": True}, 1, ""),
    ({"throttled": True}, 3, "slowed down"),
]


@pytest.mark.parametrize(("machine", "count", "words"), MACHINE)
def test_the_machine_is_told_of_once_when_it_is_time(machine: dict[str, Any], count: int, words: str) -> None:
    decisions = watch(observation(minute, **machine) for minute in range(count))
    texts = [text for each in decisions if (text := told(each))]
    assert len(texts) == bool(words)
    assert not words or words in texts[0]


OOM = (
    "out of memory: the kernel killed 2 processes. See which: journalctl -k -g 'Out of memory|oom-kill'. "
    "Then record fewer symbols, or lower writer.queue_maxsize."
)


def test_what_the_kernel_killed_is_told_when_it_happens_not_what_was_before() -> None:
    decisions = watch(observation(m, oom_kills=kills) for m, kills in enumerate([3, 3, 5, 5, 6, 6]))
    assert [told(each) for each in decisions] == ["", "", OOM, "", "", ""]


def test_a_clock_that_was_set_is_told() -> None:
    first, second = observation(0), observation(1)
    *_, decision = watch([first, replace(second, now_ns=second.now_ns - 3600 * 10**9)])
    assert told(decision) == "the clock was set by -3,600.0 s"


def test_a_problem_that_lasts_is_repeated_once_a_day() -> None:
    decisions = watch(observation(minute, disk_free=0) for minute in range(3 * 24 * 60))
    texts = [told(each) for each in decisions if each.announcements]
    assert len(texts) == 3
    assert texts[1].startswith("still, since 24.0 h: 0 B of disk are free")


def test_a_problem_that_flickers_is_one_problem() -> None:
    decisions = watch(observation(minute, disk_free=0 if minute % 2 else 10**12) for minute in range(60))
    assert sum(len(each.announcements) for each in decisions) == 1


def test_a_warning_that_turns_critical_is_told_again() -> None:
    decisions = watch(
        observation(m, disk_free=free * MB) for m, free in enumerate([700, 700, 700, 400, 700, 400])
    )
    assert [len(each.announcements) for each in decisions] == [0, 1, 0, 1, 0, 1]


def test_after_a_reboot_old_moments_mean_nothing_and_what_was_told_is_not_told_again() -> None:
    *_, last = watch([observation(m, worker(2_000), disk_free=0) for m in range(2000, 2003)])
    again = decide(observation(0, worker(2_000), disk_free=0, boot_id="next"), last.state, LIMITS)
    assert [each.worker for each in again.restarts] == ["ingest-binance"]
    assert told(again).count("disk") == 0


def test_the_same_look_gives_the_same_decision() -> None:
    seen = observation(0, worker(2_000), GONE, disk_free=0)
    assert decide(seen, State(), LIMITS) == decide(seen, State(), LIMITS)


DEAD_DISKS: list[dict[str, Any]] = [
    {"read_only": True, "unwritable": "/dev/mmcblk0p2 on / is read-only"},
    {"unwritable": "/dev/sda1 on /data fails to write: Input/output error"},
    {"unwritable": "/dev/sda1 on /data is full", "disk_free": 0},
]


@pytest.mark.parametrize("disk", DEAD_DISKS)
@pytest.mark.parametrize(
    "seen",
    [
        worker(state="silent", silent_seconds=4_000.0),
        worker(silent_seconds=4_000.0, connected=0),
        worker(mb=5_000),
        worker(state="silent", memory=MemorySeen(used=MB, throttled=9, stalled_percent=90.0)),
    ],
)
def test_a_worker_is_never_restarted_while_the_disk_takes_no_writes(
    seen: WorkerSeen, disk: dict[str, Any]
) -> None:
    decisions = watch(observation(minute, seen, **disk) for minute in range(20))
    assert [each.restarts for each in decisions] == [()] * 20
    news = [each for decision in decisions for each in decision.announcements]
    assert news[0].critical
    assert not any("has stopped working" in each.text or "received nothing" in each.text for each in news)


@pytest.mark.parametrize("disk", DEAD_DISKS)
def test_a_disk_that_takes_no_writes_is_told_once_as_critical(disk: dict[str, Any]) -> None:
    decisions = watch(observation(minute, worker(), **disk) for minute in range(20))
    (news,) = [each for decision in decisions for each in decision.announcements]
    assert news.critical


def test_a_worker_that_hangs_is_restarted_when_the_disk_is_well_again() -> None:
    silent = worker(state="silent")
    dead = [observation(minute, silent, read_only=True, unwritable="x") for minute in range(5)]
    well = [observation(minute, silent) for minute in range(5, 8)]
    assert [len(each.restarts) for each in watch([*dead, *well])] == [0, 0, 0, 0, 0, 0, 1, 0]


def test_a_worker_whose_status_cannot_be_read_is_told_and_never_restarted() -> None:
    seen = worker(state="unreadable", pid=None, memory=None, silent_seconds=None, note="x.json is damaged")
    first, second, *rest = minutes([seen] * 9)
    assert not first.announcements
    assert told(second).startswith("what ingest-binance does is not known: x.json is damaged. ")
    assert not any(each.announcements or each.restarts for each in rest)


ABSENT = worker(state="not started", pid=None, memory=None, silent_seconds=None)


def test_a_worker_that_was_never_started_is_told_once_it_has_had_its_time() -> None:
    decisions = watch(observation(minute, ABSENT) for minute in range(10))
    assert [minute for minute, each in enumerate(decisions) if each.announcements] == [5]
    (news,) = decisions[5].announcements
    assert "ingest-binance is configured and has never been started here" in news.text
    assert news.critical
    assert not any(each.restarts for each in decisions)
    slow = [observation(0, ABSENT), observation(1, ABSENT), *(observation(m, worker()) for m in range(2, 9))]
    assert not any(each.announcements for each in watch(slow))


def test_streams_that_are_configured_and_not_recorded_are_told_once() -> None:
    note = "left out: the exchange lists no ETHUSDTT"
    decisions = watch(observation(minute, worker(unrecorded=1, note=note)) for minute in range(10))
    (news,) = [each for decision in decisions for each in decision.announcements]
    assert news.text == (
        f"ingest-binance does not record all that is configured: {note}. "
        "Does the exchange still have them? Correct their names, or wait."
    )
    assert not any(each.restarts for each in decisions)


def test_what_the_kernel_says_of_a_dying_card_is_told_at_once_and_once_an_hour() -> None:
    line = "mmc0: Timeout waiting for hardware interrupt."
    looks = [observation(minute, worker(), disk_errors=(line,)) for minute in range(70)]
    decisions = watch(looks)
    assert [minute for minute, each in enumerate(decisions) if each.announcements] == [0, 60]
    assert decisions[0].announcements[0].critical
    assert line in decisions[0].announcements[0].text


def test_how_far_the_kernels_log_was_read_is_remembered_within_a_boot() -> None:
    (decision,) = watch([observation(0, worker(), kernel_cursor="s=7")])
    assert decision.state.read_up_to("this") == "s=7"
    assert decision.state.read_up_to("another") == ""  # all of a new boot is news
    assert State().read_up_to("this") is None  # of what was before the first look nothing is


def test_what_waits_behind_a_permission_is_told_once() -> None:
    closed = ("/data/raw/ready/exchange=binance",)
    decisions = watch(observation(minute, worker(), closed=closed) for minute in range(10))
    (news,) = [each for decision in decisions for each in decision.announcements]
    assert closed[0] in news.text
