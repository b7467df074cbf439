from __future__ import annotations

from daedalus.ingest.previous import start_after
from daedalus.ingest.session import Start
from daedalus.ingest.wire import LATEST_SECONDS
from daedalus.store.status import Status

HELD_NS = int(LATEST_SECONDS * 1e9)
FSYNC_NS = 1_795_400_000_000_000_000
LATER_NS, EARLIER_NS = FSYNC_NS + 1_000_000, FSYNC_NS - 1_000_000


def left_behind(state: str, boot: str = "a", durable_ns: int = 0) -> Status:
    return Status(
        worker="ingest-x",
        pid=1,
        boot_id=boot,
        started_ns=1,
        updated_ns=99,
        state=state,
        figures={"durable_ns": durable_ns},
    )


def test_the_very_first_start_ends_no_hole() -> None:
    assert start_after(None, None, "a") == Start("start")


def test_a_clean_stop_is_a_restart() -> None:
    assert start_after(left_behind("stopped"), None, "b") == Start("restart")


def test_a_recorder_that_still_says_running_crashed() -> None:
    running, blocked = (left_behind(state, durable_ns=FSYNC_NS) for state in ("running", "blocked"))
    assert start_after(running, LATER_NS, "a") == Start("crash", LATER_NS - HELD_NS)
    assert start_after(blocked, EARLIER_NS, "a") == Start("crash", FSYNC_NS - HELD_NS)


def test_another_boot_means_that_the_power_went() -> None:
    assert start_after(left_behind("running", durable_ns=FSYNC_NS), None, "b") == Start(
        "power", FSYNC_NS - HELD_NS
    )


def test_one_that_died_before_it_had_anything_says_only_why() -> None:
    assert start_after(left_behind("running"), None, "a") == Start("crash", None)


def test_a_lost_status_file_is_no_first_start_where_rows_were_left() -> None:
    assert start_after(None, LATER_NS, "b") == Start("crash", LATER_NS - HELD_NS)
