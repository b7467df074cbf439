"""The machine of the run, as root sees it over ssh."""

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
    """Where the machine's surroundings are, and their secrets."""
    return dict(json.loads((RUN / "surroundings" / "surroundings.json").read_bytes()))


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """Wait for what comes in its time: emulated processors promise none."""

    def wait(value: Callable[[], Any], what: str, seconds: float = 600) -> Any:
        ends_at = time.monotonic() + seconds
        while not (found := value()):
            assert time.monotonic() < ends_at, f"waited {seconds:.0f} s for {what}"
            time.sleep(5)
        return found

    return wait


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Behind a failed test stands what the services said last."""
    report = yield
    host = getattr(item, "funcargs", {}).get("host")
    if report.when == "call" and report.failed and host is not None:
        said = host.run("journalctl --no-pager -n 60 -u 'daedalus*'; systemctl --no-pager --failed")
        report.sections.append(("the machine's journal", said.stdout))
    return report
