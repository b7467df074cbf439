"""`daedalus decode`: recorded messages as table rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .group import FAILED, complain
from .options import ExchangeArgument

__all__ = ["EXAMPLES", "decode"]

EXAMPLES = (
    "daedalus decode binance messages.jsonl.gz",
    "daedalus decode binance data/raw/synced/exchange=binance/channel=trade/.../1795773000.parquet",
    "tail -n 100 messages.jsonl | daedalus decode binance | jq 'select(.table == \"trades\")'",
)


def decode(
    exchange: ExchangeArgument,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A raw file, or text with one message per line; - is stdin.", allow_dash=True
        ),
    ] = Path("-"),
) -> None:
    """Print the table rows of recorded messages as JSON lines; count on stderr what gave no row.

    FILE is one of Daedalus' raw files (also of raw/active), or has one message per line, gzipped or not.
    A line is the time of receipt and the message: [bold]1618677817.06: {...}[/] in seconds,
    [bold]1723161253937085768 {...}[/] in ns, or [bold]{"recv_ns": ..., "payload": ...}[/].
    """
    from ..exchanges import EXCHANGES
    from ..normalize.decode_file import decode_file

    counts = decode_file(EXCHANGES[exchange], None if file == Path("-") else file)
    if counts.keys() <= {"no message", "blank"} and counts["no message"]:
        complain(f"{file}: no line is a recorded message. See daedalus decode --help for what a line is.")
        raise typer.Exit(FAILED)
