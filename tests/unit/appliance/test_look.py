from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/workers/files/look.py"
UNIT = {
    "Id": "daedalus-ingest@binance.service",
    "ActiveState": "active",
    "SubState": "running",
    "limited": "true",
}
ROW = {
    "worker": "ingest-binance",
    "state": "running",
    "last_message_seconds": 0.5,
    "messages_per_second": 12.0,
}


@pytest.fixture
def look() -> Any:
    spec = importlib.util.spec_from_file_location("look", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_recorder_that_receives_within_its_limits_is_well(look: Any) -> None:
    assert look.problems([UNIT], [ROW]) == []
    assert look.summary([UNIT], [ROW])[0].startswith("ingest-binance records 12 messages/s since")


@pytest.mark.parametrize(
    ("unit", "row", "reason"),
    [
        (
            {"ActiveState": "failed", "SubState": "failed"},
            {},
            "is failed (failed): journalctl -u daedalus-ingest@binance",
        ),
        ({"limited": "false"}, {}, "no effective memory limit"),
        ({}, {"last_message_seconds": None}, "has received nothing yet"),
        ({}, {"last_message_seconds": 75.0}, "has received nothing for 75 s"),
        ({}, {"state": "blocked", "note": "the disk is full"}, "ingest-binance is blocked: the disk is full"),
    ],
)
def test_what_keeps_a_host_from_recording_is_named(
    look: Any, unit: dict[str, Any], row: dict[str, Any], reason: str
) -> None:
    found = look.problems([{**UNIT, **unit}], [{**ROW, **row}])
    assert len(found) == 1
    assert reason in found[0]


def test_a_host_without_services_or_status_is_not_well(look: Any) -> None:
    assert len(look.problems([], [])) == 2


def test_a_worker_that_is_no_longer_a_service_is_nobodys_problem(look: Any) -> None:
    assert look.problems([UNIT], [ROW, {**ROW, "worker": "ingest-other", "state": "killed"}]) == []
