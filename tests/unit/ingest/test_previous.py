from __future__ import annotations

from daedalus.ingest.previous import start_after
from daedalus.ingest.session import Start
from daedalus.store.status import Status


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
    assert start_after(left_behind("running", durable_ns=50), 70, "a") == Start("crash", 70)
    assert start_after(left_behind("blocked", durable_ns=50), 40, "a") == Start("crash", 50)


def test_another_boot_means_that_the_power_went() -> None:
    assert start_after(left_behind("running", durable_ns=50), None, "b") == Start("power", 50)


def test_a_lost_status_file_is_no_first_start_where_rows_were_left() -> None:
    assert start_after(None, 70, "b") == Start("crash", 70)
