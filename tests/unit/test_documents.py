"""What README and docs show can be done as it stands there: every query, every command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from daedalus.cli import app
from daedalus.tables.registry import TABLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
]
SERVICES = {"start", "stop", "restart"}
"""Commands of the appliance's own `daedalus`, a shell script."""

ROOMS = sorted(path.name for path in (ROOT / "workers" / "daedalus").iterdir() if path.is_dir())
PATH = re.compile(
    rf"`((?:{'|'.join(ROOMS)})/(?:[\w/]*\.py|(?!active|ready|synced|carry)(?:\w+/)*)"
    r"|(?:unit|integration|faults)/[\w/*]*|tests/[\w/.*]*)`"
)
"""A file or folder of the package or of the tests, as a page names it; not a folder of a `data_dir`."""

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?:\$ )?(?:sudo (?:-u \w+ )?)?daedalus ([a-z].*)")
INLINE = re.compile(r"`((?:sudo )?daedalus [a-z][^`]*)`")
NS = 1_795_773_000_000_000_000


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


def queries(page: Path) -> list[str]:
    text = re.sub(r"--[^\n]*", "", ";".join(blocks(page, "sql")))
    return [each for each in text.split(";") if each.strip()]


def value(field: Any) -> object:
    if pa.types.is_string(field.type):
        return "1" if field.name == "id" else "BTCUSDT"
    return NS if pa.types.is_timestamp(field.type) else pa.scalar(1).cast(field.type).as_py()


def lake(directory: Path, *without: str) -> Path:
    """A lake in which every table has one row, but for some that are not there."""
    for name, table in TABLES.items():
        if name in without:
            continue
        folder = directory / "lake" / name / "exchange=binance" / "date=2026-11-23"
        folder.mkdir(parents=True)
        columns = [
            pa.array([NS if pa.types.is_timestamp(f.type) else value(f)], f.type) for f in table.schema
        ]
        pq.write_table(pa.Table.from_arrays(columns, schema=table.schema), folder / "x-1.parquet")
    return directory


SQL = [
    (f"{page.relative_to(ROOT)} {number}", query)
    for page in PAGES
    for number, query in enumerate(queries(page), 1)
]


def test_there_are_queries_to_run() -> None:
    assert len([name for name, _ in SQL if name.startswith("README")]) >= 2
    assert len(SQL) >= 5


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize(("name", "query"), SQL, ids=[name for name, _ in SQL])
@pytest.mark.parametrize("gaps", [True, False], ids=["with gaps", "without gaps"])
def test_a_query_runs_as_it_stands_printed_and_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gaps: bool, name: str, query: str, zone: str
) -> None:
    duckdb = pytest.importorskip("duckdb")
    if not gaps and "lake/gaps" in query:
        pytest.skip("asks for the table of what was missing, where nothing was")
    monkeypatch.chdir(lake(tmp_path) if gaps else lake(tmp_path, "gaps"))
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{zone}'")
    assert str(connection.sql(query))
    rows = connection.sql(query).fetchall()
    if name == "README.md 2":
        assert len(rows) == int(gaps)


@pytest.mark.parametrize("only", sorted({"trades", "quotes", "instruments", "orders", "liquidations"}))
@pytest.mark.parametrize("gaps", [True, False], ids=["with gaps", "without gaps"])
def test_what_was_missing_is_asked_for_without_minding_which_tables_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only: str, gaps: bool
) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(lake(tmp_path, *(TABLES.keys() - {only, *({"gaps"} if gaps else ())})))
    found = duckdb.connect().sql(SQL[1][1])
    assert len(found.fetchall()) == int(gaps)
    assert not gaps or {"cause", "status", "missing", "note"} <= set(found.columns)


def test_the_minutes_of_the_readme_are_those_of_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(lake(tmp_path))
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'America/New_York'")
    ((_, minute, _),) = connection.sql(SQL[0][1]).fetchall()
    assert f"{minute:%Y-%m-%dT%H:%M}" == "2026-11-27T09:50"


def commands() -> list[tuple[str, str]]:
    """Page and command line, without ``daedalus``, of each that is in a block or in the text."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line.strip() for _, block in FENCE.findall(text) for line in block.splitlines()]
        lines = [line.removeprefix("$ ") for line in lines if COMMAND.match(line)]
        lines += INLINE.findall(FENCE.sub("", text))
        parts = [part for line in lines for part in re.split(r"\s+(?:&&|\|)\s+", re.sub(r"\s+#.*", "", line))]
        found |= {(str(page.relative_to(ROOT)), each[1]) for part in parts if (each := COMMAND.match(part))}
    return sorted(found)


def parse(command: Any, words: list[str], parent: Any = None) -> None:
    """Read a command line down to its last word, and do nothing of it."""
    if not words and parent is not None:
        return  # the text speaks of the command, not of a call
    context = command.make_context(words[0], list(words), parent=parent)
    if hasattr(command, "resolve_command"):
        _, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        parse(below, rest, context)


@pytest.mark.parametrize(("page", "line"), commands(), ids=[f"{page} {line}" for page, line in commands()])
def test_a_command_is_one_that_there_is(page: str, line: str) -> None:
    words = shlex.split(line)
    if words[0] not in SERVICES:
        parse(typer.main.get_command(app), words)


def test_there_are_commands_to_read() -> None:
    assert len(commands()) > 30


def paths() -> list[tuple[str, str]]:
    """Page and path, of every file and folder of ours that a page names."""
    pages = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
    return sorted(
        {(page, path) for page, text in pages.items() for path in PATH.findall(FENCE.sub("", text))}
    )


@pytest.mark.parametrize(("page", "path"), paths(), ids=[f"{page} {path}" for page, path in paths()])
def test_a_file_that_a_page_names_is_there(page: str, path: str) -> None:
    for base in (ROOT / "workers" / "daedalus", ROOT / "tests", ROOT):
        if any(found for name in (path, f"{path}.py") for found in base.glob(name)):
            return
    raise AssertionError(f"{page}: there is no {path}")


def test_there_are_paths_to_look_for() -> None:
    assert len(paths()) > 60
