from __future__ import annotations

import random
from pathlib import Path

from daedalus.sync.attempts import Attempts
from daedalus.sync.plan import Upload

UPLOADS = [Upload(Path(name), name, 1) for name in "abcd"]


def attempts() -> Attempts:
    return Attempts(1.0, 300.0, random.Random(7))


def order(of: Attempts, now: float = 0.0) -> str:
    return "".join(upload.key for upload in of.due(UPLOADS, now))


def test_all_is_tried_in_order_while_nothing_fails() -> None:
    assert order(attempts()) == "abcd"


def test_a_file_that_failed_steps_back_so_that_another_shows_whether_the_store_works() -> None:
    tried = attempts()
    tried.failed("a")
    assert order(tried) == "bcda"
    tried.failed("b")
    assert order(tried) == "cdab"
    assert tried.in_a_row == 2


def test_a_file_that_fails_alone_waits_on_its_own_longer_and_longer() -> None:
    tried = attempts()
    waits = []
    now = 0.0
    for _ in range(12):
        tried.failed("a")
        tried.succeeded("b", now)
        assert order(tried, now) == "bcd"
        assert tried.in_a_row == 0
        back = now
        while "a" not in order(tried, back):
            back += 1.0
        waits.append(back - now)
        now = back
    assert waits[-1] >= 150
    assert max(waits) <= 301
    assert tried.failing == 1


def test_after_a_dead_store_the_oldest_goes_first_again() -> None:
    tried = attempts()
    for key in "abcdabcd":
        tried.failed(key)
    assert order(tried) == "abcd"
    tried.succeeded("a", 0.0)
    assert tried.pause() == 0.0
    assert order(tried, now=2.0) == "abcd"


def test_a_dead_store_is_asked_more_and_more_rarely() -> None:
    tried = attempts()
    pauses = []
    for _ in range(12):
        tried.failed()
        pauses.append(tried.pause())
    assert pauses[0] <= 1.0
    assert pauses[-1] >= 150.0
    tried.reached()
    assert tried.pause() == 0.0


def test_a_store_that_answers_but_takes_nothing_is_still_asked_rarely() -> None:
    tried = attempts()
    tried.failed("a")
    tried.reached()
    assert tried.in_a_row == 1


def test_what_is_no_longer_waiting_is_forgotten() -> None:
    tried = attempts()
    tried.failed("gone")
    tried.failed("a")
    tried.succeeded("b", 0.0)
    assert tried.failing == 2
    tried.due(UPLOADS[1:], 0.0)
    assert tried.failing == 0
