"""One machine for all these tests: a fresh one takes minutes. Each test leaves it recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from vm.appliance import Appliance

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.vm)
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def appliance_once() -> Iterator[Appliance]:
    # Not unsafe: what the machine has made durable must be so when it is killed.
    appliance = Appliance("vm", cache="writeback")
    try:
        appliance.start()
        yield appliance
    finally:
        appliance.close()


@pytest.fixture
def appliance(appliance_once: Appliance) -> Appliance:
    """The machine, with both exchanges being recorded."""
    for exchange in ("binance", "coinbase_exchange"):
        appliance_once.wait(lambda each=exchange: appliance_once.records(each), f"{exchange} to be recorded")
    return appliance_once
