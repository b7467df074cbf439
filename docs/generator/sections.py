"""Which section of which page is generated, and from what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from daedalus.exchanges import EXCHANGES

from . import configuration, example, exchanges, tables

__all__ = ["ROOT", "SECTIONS", "Section", "fresh"]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "config/config.examples.yaml"
EXCHANGES_PAGE = "docs/exchanges.md"
COMMENTS = {".md": "<!-- {} -->", ".yaml": "# {}"}


@dataclass(frozen=True)
class Section:
    """One generated section. ``page`` is relative to the repository, ``text`` computes the content."""

    page: str
    name: str
    text: Callable[[], str]


SECTIONS = (
    Section("README.md", "exchanges", exchanges.linked),
    Section("docs/data-format.md", "tables", tables.columns),
    *(
        Section(EXCHANGES_PAGE, name, lambda name=name: exchanges.channels(EXCHANGES[name]))  # type: ignore[misc]
        for name in EXCHANGES
    ),
    Section(EXCHANGES_PAGE, "limits", exchanges.limits),
    Section("docs/configuration.md", "keys", configuration.keys),
    Section("docs/configuration.md", "exchange keys", configuration.exchange_keys),
    Section("docs/configuration.md", "channels", exchanges.channel_names),
    Section(EXAMPLE, "data_dir", example.place),
    Section(EXAMPLE, "exchanges", exchanges.known_names),
    Section(EXAMPLE, "binance", example.exchange),
    Section(EXAMPLE, "sections", example.sections),
)


def fresh(page: str) -> str:
    """The page with all its sections computed anew. Raises `ValueError` where a section has no markers."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    if page == EXCHANGES_PAGE:
        text = exchanges.with_headings(text)
    comment = COMMENTS[path.suffix]
    for section in SECTIONS:
        if section.page != page:
            continue
        begin = comment.format(f"{section.name}: written by make docs")
        end = comment.format(f"end of {section.name}")
        found = re.compile(rf"^( *){re.escape(begin)}\n.*^ *{re.escape(end)}$", re.DOTALL | re.MULTILINE)
        if (place := found.search(text)) is None:
            raise ValueError(f"{page}: no section between '{begin}' and '{end}'")
        written = indent(f"{begin}\n\n{section.text()}\n\n{end}", place[1])
        text = text[: place.start()] + written + text[place.end() :]
    return text
