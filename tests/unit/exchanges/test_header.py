"""What a message is: its parts, by symbol and joined."""

from __future__ import annotations

from daedalus.exchanges.model import Data


def test_a_header_is_of_each_of_its_symbols_once() -> None:
    others = tuple(Data("book", symbol) for symbol in ("B", "A", "B"))
    header = Data("book", "A", more=others)
    assert [part.symbol for part in header.by_symbol()] == ["A", "B"]
    assert list(others[0].by_symbol()) == [others[0]]
