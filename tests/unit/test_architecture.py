"""The rooms of docs/architecture.md and what each imports: the page and the code say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "workers" / "daedalus"
PAGE = ROOT / "docs" / "architecture.md"
ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())


def table() -> dict[str, set[str]]:
    """Of each room the rooms that it may import, as the page has it."""
    told = {}
    for rooms, may in re.findall(
        r"^\| ((?:`\w+/`(?:, )?)+) \| [^|]+ \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE
    ):
        for room in re.findall(r"`(\w+)/`", rooms):
            told[room] = set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", may))) & {*ROOMS, "everything"}
    return told


def imported(room: str) -> set[str]:
    found = set()
    for path in (PACKAGE / room).rglob("*.py"):
        package = ["daedalus", *path.relative_to(PACKAGE).parent.parts]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                where = [*base, *(node.module or "").split(".")]
                names = [[*filter(None, where), each.name] for each in node.names]
            elif isinstance(node, ast.Import):
                names = [each.name.split(".") for each in node.names]
            found |= {name[1] for name in names if name[0] == "daedalus" and len(name) > 1}
    return (found & set(ROOMS)) - {room}


def floors() -> dict[str, int]:
    """The floor on which the page has each room."""
    found = {}
    for part in PAGE.read_text().split("### Floor ")[1:]:
        for rooms in re.findall(r"^\| ((?:`\w+/`(?:, )?)+) \|", part, re.MULTILINE):
            found |= dict.fromkeys(re.findall(r"`(\w+)/`", rooms), int(part.split()[0]))
    return found


def test_the_page_names_every_room() -> None:
    assert sorted(table()) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_nothing_that_the_page_does_not_name(room: str) -> None:
    may = table()[room]
    assert "everything" in may or imported(room) <= may


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_floors_below_it(room: str) -> None:
    height = floors()
    assert all(height[other] < height[room] for other in imported(room))
