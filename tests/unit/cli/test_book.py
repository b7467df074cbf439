"""The command book: a book, or the reason why there is none."""

from __future__ import annotations

import json

import pytest
from support.lake_workbench import BEGIN, CONN, SECOND, Recording
from typer.testing import CliRunner, Result

from daedalus.cli import app
from daedalus.store.raw import RawKind

pytestmark = pytest.mark.usefixtures("alone")


def daedalus(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_book_is_shown_or_the_reason_why_there_is_none(recording: Recording) -> None:
    lake = recording.seal()
    done = daedalus("book", "binance", "a", "--at", "2026-09-22T00:02:10", "--lake", lake, "--depth", 2)
    assert done.exit_code == 0
    assert "the recorder's digest agrees at 2026-09-22 00:02:00" in done.stdout
    done = daedalus("book", "binance", "A", "--at", "2026-09-22T00:02:10", "--lake", lake, "--json")
    assert json.loads(done.stdout)["at_ns"] == BEGIN + 130 * SECOND
    done = daedalus("book", "binance", "A", "--at", "2026-09-22T00:00:03", "--lake", lake)
    assert done.exit_code == 1
    assert "no snapshot of A" in done.stderr
    done = daedalus("book", "binance", "A", "--at", "noon", "--lake", lake)
    assert done.exit_code == 2


def test_an_empty_book_is_shown_as_one(recording: Recording) -> None:
    recording.add("depth", RawKind.SNAPSHOT, 0.5, b'{"lastUpdateId":0,"bids":[],"asks":[]}', "A", CONN)
    done = daedalus("book", "binance", "A", "--at", "2026-09-22T00:00:00.7", "--lake", recording.seal())
    assert done.exit_code == 0
    assert "The book is empty" in done.stdout
