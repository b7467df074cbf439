"""The machine of the run, reached as root over ssh."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

RUN = Path(os.environ["DAEDALUS_VM"])
SERVICES = ("ingest@binance", "ingest@coinbase_exchange", "normalize", "sync", "watchdog")


@pytest.fixture(scope="session")
def host() -> Host:
    config = str(RUN / "machine" / "ssh_config")
    return testinfra.get_host("ssh://vm", ssh_config=config, sudo=True)


@pytest.fixture(scope="session")
def about() -> dict[str, Any]:
    """Addresses and secrets of the machine's surroundings."""
    return dict(json.loads((RUN / "surroundings" / "surroundings.json").read_bytes()))


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """Wait for something on an emulated machine, whose speed nobody knows."""

    def wait(value: Callable[[], Any], what: str, seconds: float = 600) -> Any:
        ends_at = time.monotonic() + seconds
        while not (found := value()):
            assert time.monotonic() < ends_at, f"waited {seconds:.0f} s for {what}"
            time.sleep(5)
        return found

    return wait


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Add the last lines of the services to a failed test."""
    report = yield
    host = getattr(item, "funcargs", {}).get("host")
    if report.when == "call" and report.failed and host is not None:
        said = host.run("journalctl --no-pager -n 60 -u 'daedalus*'; systemctl --no-pager --failed")
        report.sections.append(("the machine's journal", said.stdout))
    return report
