"""The generated sections of the pages are what the code says now."""

from __future__ import annotations

import pytest
from generator import ROOT, SECTIONS, fresh


@pytest.mark.parametrize("page", sorted({section.page for section in SECTIONS}))
def test_a_page_is_as_the_code_writes_it(page: str) -> None:
    stale = fresh(page) != (ROOT / page).read_text(encoding="utf-8")
    assert not stale, f"{page} is stale: `make docs` writes it anew"
