"""docs/exchanges.md says of every channel what the code says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Proof

PAGE = Path(__file__).resolve().parents[3] / "docs" / "exchanges.md"
WORDS = {
    Proof.IDS: "ids",
    Proof.CHAIN: "chain",
    Proof.SEQUENCE: "frames",
    Proof.CHECKSUM: "checksum",
    Proof.NONE: "none",
}


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_every_channel_is_on_the_page_with_its_table_its_proof_and_what_it_leaves_out(name: str) -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"## `{name}`:")
    section = section.partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    expected = [
        [f"`{channel}`", f"`{about.table}`" if about.table else "raw only", WORDS[about.proof], about.lossy]
        for channel, about in EXCHANGES[name].channels.items()
    ]
    assert rows == expected
