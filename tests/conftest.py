"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine and nothing of what must hold.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Of suites that take an hour: tell at once what failed, and what was measured."""
    if not {"faults", "vm"} & report.keywords.keys():
        return
    if report.failed:
        print(report.longreprtext, flush=True)
    elif report.when == "call" and report.capstdout:
        print(f"\n{report.capstdout}", end="", flush=True)


@pytest.fixture(scope="session", autouse=True)
def _own_state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What recorders remember outside of their data_dir stays within the tests."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recorded streams; they lie beside the project, not in it."""
    folder = REPOSITORY.parent / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip("needs the recorded streams in ../shared/recordings, which are not part of the project")
    return folder
