"""The command to understand: messages that are explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Exchange

__all__ = ["decode"]


def decode(
    exchange: Exchange,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="One message per line, gzipped or not; - is stdin.", allow_dash=True
        ),
    ] = Path("-"),
) -> None:
    """Print the table rows of recorded messages as JSON lines; say on stderr what gave none.

    A line is the time it came and the message: [bold]1618677817.06: {...}[/] in seconds,
    [bold]1723161253937085768 {...}[/] in ns, or [bold]{"recv_ns": ..., "payload": ...}[/].
    """
    from ..exchanges import VENUES
    from ..normalize.decode import decode_file

    decode_file(VENUES[exchange], None if file == Path("-") else file)
