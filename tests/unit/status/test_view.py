"""What became of a worker, judged from its last word."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from support.statuses import status_of

from daedalus.health.thresholds import SILENT_AFTER_NS
from daedalus.status import Row, as_json, as_table, view
from daedalus.status.view import held_up
from daedalus.worker.status import AnyStatus, UnreadableStatus

NOW = 1_800_000_000_000_000_000


def status(
    worker: str = "ingest-binance", *, age_ns: int = 0, state: str = "running", **fields: Any
) -> AnyStatus:
    return status_of(
        worker,
        pid=7,
        boot_id="this",
        started_ns=NOW - 10**12,
        updated_ns=NOW - age_ns,
        state=state,
        note="8 streams",
        **fields,
    )


def row(one: AnyStatus, *, alive: bool = True, boot: str = "this") -> Row:
    return view([one], [], now_ns=NOW, boot_id=boot, alive=lambda _: alive)[0]


@pytest.mark.parametrize(
    ("one", "alive", "boot", "state", "well"),
    [
        (status(), True, "this", "running", True),
        (status(state="blocked"), True, "this", "blocked", False),
        (status(state="stopped", age_ns=10**15), False, "other", "stopped", True),
        (status(age_ns=10**10), False, "this", "killed", False),
        (status(age_ns=10**10), False, "other", "power cut", False),
        (status(age_ns=10**10), True, "other", "power cut", False),  # another process has its number now
        (status(age_ns=SILENT_AFTER_NS), True, "this", "running", True),
        (status(age_ns=SILENT_AFTER_NS + 1), True, "this", "silent", False),
        (status(), False, "", "killed", False),  # a machine that does not name its boots
    ],
)
def test_running_is_believed_only_of_a_live_process_that_still_speaks(
    one: AnyStatus, alive: bool, boot: str, state: str, well: bool
) -> None:
    found = row(one, alive=alive, boot=boot)
    assert (found.state, found.well) == (state, well)


def test_workers_that_are_expected_come_first_and_those_unknown_are_kept() -> None:
    rows = view(
        [status("zeta"), status("sync")],
        ["ingest-a", "sync"],
        now_ns=NOW,
        boot_id="this",
        alive=lambda _: True,
    )
    assert [(one.worker, one.state) for one in rows] == [
        ("ingest-a", "not started"),
        ("sync", "running"),
        ("zeta", "running"),
    ]


def test_rates_and_memory_are_those_of_a_worker_that_works() -> None:
    one = status(
        messages_per_second=12.5, rss_bytes=10**8, gaps=2, queued_rows=5, last_message_ns=NOW - 2 * 10**9
    )
    works, gone = row(one), row(one, alive=False)
    assert (works.messages_per_second, works.rss_bytes, works.gaps, works.waiting) == (12.5, 10**8, 2, 5)
    assert works.last_message_seconds == pytest.approx(2, abs=1e-3)
    assert (gone.messages_per_second, gone.rss_bytes, gone.gaps) == (None, None, 2)


@pytest.mark.parametrize(
    "one",
    [
        status(queued_rows=3),
        status("normalize", segments_waiting=3),
        status("sync", files_waiting=3),
    ],
)
def test_what_waits_is_read_from_each_kind_of_worker(one: AnyStatus) -> None:
    assert row(one).waiting == 3


def test_a_status_that_cannot_be_read_is_told_and_hides_no_other() -> None:
    broken = UnreadableStatus("sync", "sync.json is damaged")
    rows = view([broken, status()], [], now_ns=NOW, boot_id="this", alive=lambda _: True)
    assert [(each.state, each.well, each.note) for each in rows] == [
        ("unreadable", False, "sync.json is damaged"),
        ("running", True, "8 streams"),
    ]


def test_a_worker_that_never_received_anything_has_no_last_message() -> None:
    assert row(status(last_message_ns=0)).last_message_seconds is None


def test_a_clock_that_was_set_back_makes_no_negative_ages() -> None:
    assert row(status(age_ns=-(10**9))).updated_seconds == 0


def test_the_table_fits_into_80_columns() -> None:
    one = Row(
        worker="ingest-coinbase_exchange",
        state="not started",
        pid=123456,
        alive=True,
        messages_per_second=12345,
        last_message_seconds=100,
        waiting=10000,
        gaps=100,
        rss_bytes=123_456_789,
    )
    console = Console(width=80, record=True, file=StringIO())
    console.print(as_table([one]))
    shown = console.export_text()
    assert "…" not in shown
    assert "123.5 MB" in shown


def test_six_exchanges_fit_into_80_columns_each_in_its_line() -> None:
    names = ("binance_delivery", "binance_futures", "bitfinex", "coinbase_exchange", "deribit", "hyperliquid")
    rows = [
        Row(
            worker=f"ingest-{name}", state="running", pid=4_194_303, alive=True, messages_per_second=99_999,
            last_message_seconds=110, waiting=10_000, gaps=3_123_456, rss_bytes=923_456_789,
        )
        for name in names
    ]  # fmt: skip
    console = Console(width=80, record=True, file=StringIO())
    console.print(as_table(rows))
    lines = console.export_text().splitlines()
    assert len(lines) == 2 + len(names)
    assert "…" not in "".join(lines)
    assert [line.split()[0] for line in lines[2:]] == [row.worker for row in rows]


def test_the_table_shows_notes_as_they_are() -> None:
    console = Console(width=200, record=True, file=StringIO())
    console.print(as_table([Row(worker="sync", state="blocked", note="[bold]s3://b[/nothing] says no")]))
    assert "[bold]s3://b[/nothing] says no" in console.export_text()


def test_json_has_every_field_and_whether_it_is_well() -> None:
    (shown,) = json.loads(as_json([row(status(gaps=1))]))
    assert shown["gaps"] == 1
    assert shown["well"] is True
    assert set(Row.__struct_fields__) < set(shown)


def test_whoever_lives_is_held_up_where_nothing_can_be_written() -> None:
    alive, gone = row(status(age_ns=10**13)), row(status(state="stopped"), alive=False)
    held, same = held_up([alive, gone], "/dev/x on /data is read-only")
    assert (held.state, held.well, held.note) == ("blocked", False, "/dev/x on /data is read-only. 8 streams")
    assert same == gone
    assert held_up([alive], "") == [alive]


def test_a_row_says_which_configuration_the_worker_runs() -> None:
    assert row(status(config_hash="17c4")).config_hash == "17c4"
