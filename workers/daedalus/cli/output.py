"""What is printed where the output cannot hold every character: a plain one instead, never a traceback."""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

__all__ = ["print_anywhere"]

_PLAIN = {"…": "...", "→": "->", "°": "deg ", "·": "-", "—": "-", "≤": "<=", "≥": ">="}
_NAME = "daedalus.plain"


def print_anywhere(*streams: TextIO) -> None:
    """Let these streams (stdout and stderr) write any text, whatever their encoding."""
    codecs.register_error(_NAME, _plainer)
    for stream in streams or (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # what a test or a caller put there may have none
        if reconfigure is not None:
            reconfigure(errors=_NAME)


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    plain = (_PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode() for each in text)
    return "".join(plain), error.end
