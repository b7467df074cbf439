"""What the pages say that the code knows is what the code says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _generated() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generated", ROOT / "docs" / "generated.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATED = _generated()


@pytest.mark.parametrize("page", sorted({page for page, _ in GENERATED.SECTIONS.values()}))
def test_a_page_is_as_the_code_writes_it(page: str) -> None:
    stale = GENERATED.fresh(page) != (ROOT / page).read_text(encoding="utf-8")
    assert not stale, f"{page} says something else than the code: `make docs` writes it anew"
