from __future__ import annotations

from daedalus.ingest.kept import Kept


def test_a_flush_vouches_for_what_was_handed_over_before_it_only() -> None:
    kept = Kept()
    kept.mark(100, 95)
    kept.mark(200, 190)
    assert kept.until(99) == 0
    assert kept.until(150) == 95
    assert kept.until(199) == 95
    assert kept.until(200) == 190


def test_a_dead_link_is_believed_only_until_it_was_last_heard() -> None:
    kept = Kept()
    kept.mark(100, 40)
    assert kept.until(150) == 40


def test_what_the_process_before_kept_counts_until_the_first_flush() -> None:
    kept = Kept(since_ns=70)
    kept.mark(100, 90)
    assert kept.until(0) == 70
    assert kept.until(100) == 90


def test_a_disk_that_was_stuck_for_long_loses_no_word_of_it() -> None:
    kept = Kept()
    for at in range(100, 10_000, 2):
        kept.mark(at, at - 1)
        assert kept.until(50) == 0
    assert kept.until(10_000) == 9_997
