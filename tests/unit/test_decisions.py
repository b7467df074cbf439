"""Every decision has its day and its status, and the list of them says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions"
PAGES = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
_DAY = r"(\d{4}-\d\d-\d\d)"
_LISTED = re.compile(rf"^\| \[([\w-]+)\]\(\1\.md\) \| {_DAY} \|", re.MULTILINE)
_STATUS = re.compile(
    rf"# .+\n\nAccepted {_DAY}(?:, revised {_DAY})?\.(?: Superseded by \[[\w-]+\]\([\w-]+\.md\)\.)?\n\n"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_day_and_status(page: Path) -> None:
    status = _STATUS.match(page.read_text(encoding="utf-8"))
    assert status, f"{page.name}: expected 'Accepted YYYY-MM-DD.' below the title"
    assert status[2] is None or status[2] > status[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_parts_in_order(page: Path) -> None:
    parts = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {"Context", "Decision", "Consequences"} <= set(parts)
    assert set(parts) <= {"Context", "Decision", "Measurements", "Alternatives", "Consequences"}
    assert (parts[:2], parts[-1]) == (["Context", "Decision"], "Consequences")


def test_the_list_names_each_with_its_day() -> None:
    listed = dict(_LISTED.findall((DECISIONS / "README.md").read_text(encoding="utf-8")))
    days = {
        page.stem: found[1] for page in PAGES if (found := _STATUS.match(page.read_text(encoding="utf-8")))
    }
    assert listed == days
