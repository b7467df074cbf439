"""The version is the newest one of the changelog, or it is not out yet."""

from __future__ import annotations

import re
from pathlib import Path

import daedalus

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


def test_the_changelog_tells_of_this_version_with_its_day() -> None:
    sections = re.findall(r"^## (.+)$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    released = [each for each in sections if each != "Unreleased"]
    assert re.fullmatch(re.escape(daedalus.__version__) + r" \(\d{4}-\d\d-\d\d\)", released[0])
