"""Words that the glossary has retired stay away from code, tests, pages and messages."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "workers" / "daedalus"
GLOSSARY = "docs/architecture.md"

RETIRED = {"venue", "hole", "keeper", "novelty", "settlement"}
"""Words that stand nowhere."""

NOT_A_NAME = {"carry", "follower", "judgement", "leader", "led", "past", "rise", "rising", "voice", "walk"}
"""Plain English: fine in a sentence, but not as the name of a module, a class, a function or a field."""

ALLOWED = {
    ("CHANGELOG.md", "venue"),
    ("roles/swap/tasks/file.yml", "hole"),  # of a sparse file
    ("workers/daedalus/simulator/faults.py", "carry"),  # a verb
    ("workers/daedalus/simulator/noise.py", "walk"),  # a random walk
}
"""Word and file in which it means something else."""

OF_AN_EXCHANGE = {("coinbase", "venue"), ("deribit", "settlement")}
"""Word and folder of the exchange that has it in its own messages."""

IGNORED = {GLOSSARY, "tests/unit/test_words.py"}
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def text_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the files of the project are not known")
    suffixes = (".py", ".md", ".yml", ".yaml", ".j2", ".sh", ".toml", ".json", ".service", "Makefile")
    return [path for path in listed.stdout.splitlines() if path.endswith(suffixes) and path not in IGNORED]


def words(text: str) -> set[str]:
    """The words of a text, also of identifiers, in lower case and without a plural's s."""
    found = {word.lower() for word in WORD.findall(text)}
    return found | {word.removesuffix("s") for word in found}


def names(path: Path) -> Iterator[str]:
    """What a file of the package names: itself, its classes, functions and fields."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_a_retired_word_stands_nowhere() -> None:
    found = {
        (path, word)
        for path in text_files()
        if (ROOT / path).is_file()
        for word in RETIRED & words((ROOT / path).read_text(encoding="utf-8"))
        if (Path(path).parent.name, word) not in OF_AN_EXCHANGE
    }
    assert found - ALLOWED == set(), "the glossary in docs/architecture.md has another word"


def test_nothing_in_the_package_has_a_retired_name() -> None:
    found = {
        (str(path.relative_to(ROOT)), word)
        for path in PACKAGE.rglob("*.py")
        for word in NOT_A_NAME & set().union(*map(words, names(path)))
    }
    assert found - ALLOWED == set(), "the glossary in docs/architecture.md has another word"


def test_the_glossary_says_what_stands_instead() -> None:
    text = (ROOT / GLOSSARY).read_text(encoding="utf-8")
    behind = " ".join(re.findall(r"^- \*\*.*?← (.*)$", text, re.MULTILINE))
    assert RETIRED | NOT_A_NAME - {"led", "rising"} <= words(behind)
