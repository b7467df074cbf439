"""The queries of docs/reading.md that rebuild a book give the book that `daedalus book` gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.lake_workbench import Recording

from daedalus.lake import book_at
from daedalus.store.raw import RawKind

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reading.md"
CONN = "20260922T000000000000-0"
SECONDS = [1.7, 4, 30.5, 39.1, 42.6, 44]


def block(language: str) -> str:
    section = PAGE.read_text(encoding="utf-8").partition("### Books in SQL")[2].partition("\n## ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(found)


def adapted(text: str, lake: Path, at: float) -> str:
    seconds, milliseconds = int(at), round(at % 1 * 1000)
    text = text.replace("'BTCUSDT'", "'A'").replace('"BTCUSDT"', '"A"')
    text = text.replace("lake/book_updates", f"{lake}/book_updates")
    moment = f"2026, 9, 22, 0, 0, {seconds}, {milliseconds}000, tzinfo=UTC"
    text = text.replace("2026, 11, 23, 12, tzinfo=UTC", moment)
    return text.replace("2026-11-23 12:00:00+00", f"2026-09-22 00:00:{seconds:02}.{milliseconds:03}+00")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with levels, the same one emptied by a snapshot, and filled again."""
    recording = Recording(tmp_path_factory.mktemp("lake"))
    recording.opened(0, ["depth"])
    recording.depth(1, 1, 1, [["98", "1"]], [])
    recording.snapshot(1.5, 1)
    for at in range(2, 41):
        bids = [[str(90 + at % 9), str(at % 3)], [str(80 + at % 7), "1.5"]]
        recording.depth(at, at, at, bids, [[str(101 + at % 5), str(at % 4)]])
    recording.depth(41.5, 50, 50)
    recording.add("depth", RawKind.SNAPSHOT, 42, b'{"lastUpdateId":50,"bids":[],"asks":[]}', "A", CONN)
    recording.depth(43, 51, 51, [["12", "1"]], [["14", "1"]])
    return recording.seal()


@pytest.mark.parametrize("at", SECONDS)
def test_the_query_in_duckdb_gives_the_book(lake: Path, at: float) -> None:
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.connect().execute(adapted(block("sql"), lake, at)).fetchall()
    assert sorted(found) == levels(lake, at)


@pytest.mark.parametrize("at", SECONDS)
def test_the_query_in_polars_gives_the_book(lake: Path, at: float) -> None:
    pytest.importorskip("polars")
    names: dict[str, object] = {}
    exec(adapted(block("python"), lake, at), names)  # noqa: S102 - the page's own lines
    assert sorted(names["book"].rows()) == levels(lake, at)  # type: ignore[attr-defined]


def levels(lake: Path, at: float) -> list[tuple[str, float, float]]:
    book = book_at(lake, "binance", "A", f"2026-09-22T00:00:{at:06.3f}")
    told = [("bid", *level) for level in book.bids] + [("ask", *level) for level in book.asks]
    assert bool(told) == (at != 42.6)
    return sorted(told)
