"""The generated sections of the pages are what the code says now."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from generator import ROOT, SECTIONS, fresh
from generator.exchanges import with_headings


@pytest.mark.parametrize("page", sorted({section.page for section in SECTIONS}))
def test_a_page_is_as_the_code_writes_it(page: str) -> None:
    stale = fresh(page) != (ROOT / page).read_text(encoding="utf-8")
    assert not stale, f"{page} is stale: `make docs` writes it anew"


def test_a_new_exchange_gets_its_section_and_others_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "# Exchanges\n\n## `a`: Old\n\nBy hand.\n\n## `c`: Sea\n\nToo.\n\n## Notes\n"
    known = {name: SimpleNamespace(title=title) for name, title in [("a", "Ape"), ("b", "Bee"), ("c", "Sea")]}
    monkeypatch.setattr("generator.exchanges.EXCHANGES", known)
    assert with_headings(page) == (
        "# Exchanges\n\n## `a`: Ape\n\nBy hand.\n\n"
        "## `b`: Bee\n\n<!-- b: written by make docs -->\n<!-- end of b -->\n\n"
        "## `c`: Sea\n\nToo.\n\n## Notes\n"
    )
