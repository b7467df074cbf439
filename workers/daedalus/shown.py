"""Foreign text made safe to show: on a terminal, in a log, in an alert.

Text from an exchange, a store or a file's name may contain control characters, line breaks, or marks that
turn the direction of text. They are written out, as `\\x1b` is here: nothing is hidden, and nothing takes
effect.
"""

from __future__ import annotations

import re

__all__ = ["shown", "shown_json", "shown_lines"]

# C0, DEL, C1; marks of direction and of lines, and others without width; surrogates, which no encoding can
# write.
_OBEYED = (
    r"\x00-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f"
)
_ANY = re.compile(f"[{_OBEYED}]")
_BUT_NEW_LINES = re.compile(f"(?!\n)[{_OBEYED}]")
_BEYOND_ASCII = re.compile(f"(?![\x00-\x1f])[{_OBEYED}]")
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def shown(text: str) -> str:
    """One line of text without control characters."""
    return _ANY.sub(_escape, text)


def shown_lines(text: str) -> str:
    """The same for text with our own line breaks."""
    return _BUT_NEW_LINES.sub(_escape, text)


def shown_json(text: str) -> str:
    """The same for JSON, with the same meaning; its encoder has escaped C0 and nothing else."""
    return _BEYOND_ASCII.sub(_escape_in_json, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _NAMED.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _escape_in_json(found: re.Match[str]) -> str:
    halves = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{halves[at : at + 4]}" for at in range(0, len(halves), 4))
