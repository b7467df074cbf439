"""The tree of errors: every error of the package stands in it, and the command line ends as each says."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import daedalus
from daedalus import errors
from daedalus.cli.group import Group
from daedalus.config import ConfigError
from daedalus.config.problems import Problem
from daedalus.errors import DaedalusError
from daedalus.lake.audit import UnknownNameError
from daedalus.lake.books import NoBookError
from daedalus.simulator.options import SimulatorError
from daedalus.storage.errors import TargetError, TargetErrorKind
from daedalus.store.lock import AlreadyRunningError
from daedalus.store.regular_files import NoRegularFileError
from daedalus.store.segment import SegmentError

_NEAREST = "Did you mean 'BTCUSDT'? Known are BTCUSDT."
_DRAWN = re.compile(r"^    ((?:│   )*)[├└]── (\w+) ", re.MULTILINE)


def drawn() -> dict[str, str]:
    """Each error of the picture, and the one it hangs below."""
    above = ["DaedalusError"]
    found = {}
    for indent, name in _DRAWN.findall(errors.__doc__ or ""):
        depth = len(indent) // 4 + 1
        found[name] = above[depth - 1]
        above[depth:] = [name]
    return found


def defined() -> Iterator[type[Exception]]:
    """Every public exception that a module of the package defines."""
    for module in pkgutil.walk_packages(daedalus.__path__, "daedalus."):
        if module.name == "daedalus.__main__":
            continue
        for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(value, Exception) and value.__module__ == module.name and name[0] != "_":
                yield value


def test_every_error_stands_in_the_tree_below_its_own_base() -> None:
    bases = {
        each.__name__: next(base.__name__ for base in each.__mro__[1:] if issubclass(base, DaedalusError))
        for each in defined()
        if issubclass(each, DaedalusError) and each is not DaedalusError
    }
    assert bases == drawn()


def test_what_stands_outside_of_the_tree_is_named() -> None:
    outside = {each.__name__ for each in defined() if not issubclass(each, DaedalusError)}
    # A refusal of the simulator's is an answer to its client and leaves it as one.
    assert outside - {"Refusal"} == set(
        re.findall(r"`(\w+)`", (errors.__doc__ or "").partition("outside")[2])
    )


@pytest.mark.parametrize(
    ("error", "code", "remedy"),
    [
        (ConfigError([Problem("config.yaml", 3, (), "no. Write yes.")]), 2, ""),
        (SimulatorError("no such exchange. Choose another."), 2, ""),
        (AlreadyRunningError("it runs here"), 3, ""),
        (NoBookError("there is no book then"), 1, ""),
        (UnknownNameError("symbol", "BTCUSD", ["BTCUSDT"]), 2, _NEAREST),
        (TargetError(TargetErrorKind.SETTINGS, "ftp://x", "no driver", "Install it."), 2, "Install it."),
        (TargetError(TargetErrorKind.DENIED, "s3://x", "denied", "Allow it."), 1, "Allow it."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_the_command_line_ends_as_the_error_says(error: DaedalusError, code: int, remedy: str) -> None:
    app = typer.Typer(cls=Group)

    @app.callback()
    def _group() -> None: ...

    @app.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(app, ["fail"])
    assert (result.exit_code, error.exit_code) == (code, code)
    assert result.stderr.strip() == str(error)
    assert error.remedy == remedy
    assert remedy in str(error)


def test_errors_of_the_disk_are_both_of_the_tree_and_of_the_system() -> None:
    refused = SegmentError.of(OSError(28, "No space left on device"), Path("/a/file"))
    strange = NoRegularFileError(Path("/a/pipe"), 0o010644)
    for error in (refused, strange):
        assert isinstance(error, DaedalusError)
        assert isinstance(error, OSError)
    assert (refused.errno, refused.filename) == (28, "/a/file")
    assert "stands where a file is expected" in str(strange)
