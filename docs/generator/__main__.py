"""`make docs`: write each page that has a generated section."""

from . import ROOT, SECTIONS, fresh

for page in sorted({section.page for section in SECTIONS}):
    (ROOT / page).write_text(fresh(page), encoding="utf-8")
