"""Pydantic's errors as problems with line, key path and remedy.

Invariant: nothing that stands in the place of a secret is repeated.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .document import Document
from .model import Config
from .problems import KeyPath, Problem, nearest, quoted

__all__ = ["SECRETS", "explain", "is_secret"]

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list of strings",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "letters, digits and dashes",
}
SECRETS = (("sync", "access_key"), ("sync", "secret_key"), ("alerts", "urls"), ("alerts", "dead_mans_ping"))
"""The places of secrets."""

_MISSING = {
    "exchanges": "exchanges: {binance: {symbols: [BTCUSDT]}}",
}


def is_secret(path: KeyPath) -> bool:
    """Whether the value at this path must not be shown."""
    return path[:2] in SECRETS


def explain(error: ValidationError, document: Document) -> list[Problem]:
    """One problem per error."""
    return [_problem(details, document) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, document: Document) -> Problem:
    path = _path(details["loc"], document)
    line = document.line(path)
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, line, document)
    if kind == "missing":
        text = f"is missing. Write {_MISSING[str(path[-1])]}."
    elif kind == "refused":
        text = details["msg"]
    else:
        expected = _EXPECTED[kind].format_map(details.get("ctx", {}))
        found = _found(kind, details["input"], path, document)
        text = f"expected {expected}, got {found}.{_remedy(kind, details, path, document)}"
    return Problem(document.file, line, path, text)


def _path(loc: tuple[int | str, ...], document: Document) -> KeyPath:
    """The key path in the file: without pydantic's marks and the ``name`` that we added."""
    path = tuple(part for part in loc if part not in ("<list>", "<mapping>", "[key]"))
    return path[:-1] if path[-1:] == ("name",) and path not in document.places else path


def _unknown_key(path: KeyPath, line: int, document: Document) -> Problem:
    key, known = str(path[-1]), _known(path[:-1])
    word = re.match(r"[\w.-]*", key)
    shown = word.group() if word else ""
    text = f"unknown key. {nearest(shown, known)}"
    if shown != key:  # usually key:value, and the value may be a secret
        text = f"unknown key. Is there a space after its colon? {nearest(shown, known)}"
    hidden = is_secret(path) and not get_close_matches(shown, known, n=1)
    return Problem(document.file, line, path[:-1] if hidden or not shown else (*path[:-1], shown), text)


def _known(path: KeyPath) -> list[str]:
    """The keys that a mapping at this path may have."""
    found = _kind(path)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [name for name in found.model_fields if (path[:1], name) != (("exchanges",), "name")]
    return []


def _kind(path: KeyPath) -> object:
    """The type in the model of the value at this path."""
    kind: object = Config
    for part in path:
        if get_origin(kind) is Mapping:
            kind = get_args(kind)[1]
            continue
        field = _field(kind, part)
        kind = field.annotation if field else None
    return kind


def _field(kind: object, name: str | int) -> FieldInfo | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_fields.get(str(name))
    return None


def _found(kind: str, value: object, path: KeyPath, document: Document) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if is_secret(path):
        return "another value, which is not shown"
    if kind in ("model_type", "dict_type"):
        return "a single value"  # it may be secret_key:… without the space
    place = document.places.get(path)
    spelling = place.text if place and place.text is not None else str(value)
    if isinstance(value, bool):
        return f"the boolean {spelling}"
    return quoted(spelling) if isinstance(value, str) else f"the number {spelling}"


def _remedy(kind: str, details: ErrorDetails, path: KeyPath, document: Document) -> str:
    value = details["input"]
    if kind == "tuple_type" and is_secret(path):
        return ' Write a list: ["…"].'
    if kind == "tuple_type":
        words = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else []
        plain = words and all(re.fullmatch(r"[A-Za-z][\w-]*", word) for word in words)
        return f" Write [{', '.join(words)}]." if plain else " Write a list, for example [BTCUSDT, ETHUSDT]."
    if kind in ("model_type", "dict_type"):
        return " Write its keys below it, indented, each with a space after its colon."
    if kind == "string_type" and isinstance(value, bool | int | float):
        place = document.places.get(path)
        shown = place.text if place and not is_secret(path) else "…"
        return f' Quote it: "{shown}".'
    if isinstance(value, str) and (meant := _meant(kind, value)):
        return f" Write {meant}, without quotes."
    if kind == "literal_error":
        close = get_close_matches(str(value).lower(), ["debug", "info", "warning", "error"], n=1)
        return f" Write {close[0]}." if close else ""
    field = _field(_kind(path[:-1]), path[-1]) if path else None
    if field is None or field.is_required() or not isinstance(field.default, bool | int | float | str):
        return ""
    return f" The default is {json.dumps(field.default)}."


def _meant(kind: str, text: str) -> str | None:
    """How to write the number or boolean that a text stands for; None if it stands for neither."""
    if kind == "bool_type" and text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return text
    try:
        if kind == "int_type":
            return str(int(text))
        if kind == "float_type" and math.isfinite(float(text)):
            return f"{float(text):.15g}"
    except ValueError:
        return None
    return None
