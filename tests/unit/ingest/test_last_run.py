from __future__ import annotations

from daedalus.ingest.coverage import Start
from daedalus.ingest.last_run import KeptUntil, start_after
from daedalus.worker.status import IngestStatus, Process, State

KEPT_NS = 1_795_400_000_000_000_000
SERVED_NS = KEPT_NS - 60_000_000_000


def left_behind(state: State, boot: str = "a", **fields: int) -> IngestStatus:
    process = Process(worker="ingest-x", pid=1, boot_id=boot, started_ns=1)
    return IngestStatus(process=process, updated_ns=99, state=state, **fields)


def test_the_very_first_start_ends_no_gap() -> None:
    assert start_after(None, "a", left=False) == Start("start")


def test_a_clean_stop_is_a_restart() -> None:
    assert start_after(left_behind("stopped", kept_ns=KEPT_NS), "b", left=False) == Start("restart")


def test_after_a_crash_all_was_kept_until_what_the_status_vouches_for_and_no_file_says_more() -> None:
    states: tuple[State, ...] = ("running", "blocked")
    for state in states:
        last = left_behind(state, kept_ns=KEPT_NS, served_ns=SERVED_NS, durable_ns=KEPT_NS + 10**9)
        for left in (True, False):
            assert start_after(last, "a", left=left) == Start("crash", KEPT_NS)


def test_another_boot_means_that_the_power_went() -> None:
    assert start_after(left_behind("running", kept_ns=KEPT_NS), "b", left=True) == Start("power", KEPT_NS)


def test_one_that_died_before_its_first_flush_kept_nothing_since_it_was_served() -> None:
    last = left_behind("running", kept_ns=0, served_ns=SERVED_NS)
    assert start_after(last, "a", left=False) == Start("crash", SERVED_NS)


def test_one_that_died_before_it_was_served_says_only_why() -> None:
    assert start_after(left_behind("running"), "a", left=False) == Start("crash", None)


def test_a_lost_status_file_is_no_first_start_where_rows_were_left() -> None:
    assert start_after(None, "b", left=True) == Start("crash")


def test_a_flush_vouches_for_what_was_handed_over_before_it_only() -> None:
    kept = KeptUntil()
    kept.mark(100, 95)
    kept.mark(200, 190)
    assert kept.until(99) == 0
    assert kept.until(150) == 95
    assert kept.until(199) == 95
    assert kept.until(200) == 190


def test_a_dead_link_is_believed_only_until_it_was_last_heard() -> None:
    kept = KeptUntil()
    kept.mark(100, 40)
    assert kept.until(150) == 40


def test_what_the_process_before_kept_counts_until_the_first_flush() -> None:
    kept = KeptUntil(since_ns=70)
    kept.mark(100, 90)
    assert kept.until(0) == 70
    assert kept.until(100) == 90


def test_a_disk_that_was_stuck_for_long_loses_no_word_of_it() -> None:
    kept = KeptUntil()
    for at in range(100, 10_000, 2):
        kept.mark(at, at - 1)
        assert kept.until(50) == 0
    assert kept.until(10_000) == 9_997
