"""The keys of the configuration, for docs/configuration.md and config/config.examples.yaml.

Default, type and bounds come from the model, the meaning from each field's description; `examples` of a field
are what the example shows instead of the default.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from daedalus.config import Config, ExchangeConfig

__all__ = ["example_exchange", "example_place", "example_sections", "exchange_keys", "keys"]

WIDTH = 100
HEAD = "| key | default | type | meaning |\n| --- | --- | --- | --- |"
TYPES = {int: "whole number", float: "number", bool: "`true` or `false`"}
SHOWN = {"symbols", "channels"}
"""Keys without a default that the example sets all the same."""


def keys() -> str:
    """One table for the keys at the top, one for each section below."""
    tables = [_table(Config)]
    for name, field in Config.model_fields.items():
        if isinstance(field.default, BaseModel):
            tables += [f"### {name}", _plain_sentence(type(field.default)), _table(type(field.default))]
    return "\n\n".join(tables)


def exchange_keys() -> str:
    """The keys of one exchange."""
    return _table(ExchangeConfig)


def _table(model: type[BaseModel]) -> str:
    return "\n".join([HEAD, *_rows(model, "")])


def _rows(model: type[BaseModel], before: str) -> Iterator[str]:
    for name, field in _fields(model):
        if isinstance(field.default, BaseModel):
            if model is not Config:
                yield from _rows(type(field.default), f"{before}{name}.")
        else:
            default = "required" if field.is_required() else f"`{_yaml(field.default)}`"
            yield f"| `{before}{name}` | {default} | {_type(field)} | {field.description} |"


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """The keys in the order of the page: ``symbols`` first, though the model reads ``channels`` before it."""
    fields = [(name, field) for name, field in model.model_fields.items() if name != "name"]
    return sorted(fields, key=lambda each: each[0] != "symbols")


def _type(field: FieldInfo) -> str:
    """The type in words, with its bounds: ``whole number, 1 to 64``."""
    if type(None) in get_args(field.annotation):
        inner = FieldInfo.from_annotation(
            next(each for each in get_args(field.annotation) if each is not type(None))
        )
        field = field if field.title else inner
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(field.annotation))
    named = field.title or TYPES.get(field.annotation or object, "text")  # type: ignore[arg-type]
    bounds = {
        name: getattr(each, name)
        for each in field.metadata
        for name in ("gt", "ge", "le")
        if hasattr(each, name)
    }
    if not bounds:
        return named
    least = f"above {bounds['gt']:,}, at most" if "gt" in bounds else f"{bounds['ge']:,} to"
    return f"{named}, {least} {bounds['le']:,}"


def example_place() -> str:
    """``data_dir`` as the example sets it."""
    return "\n".join(_lines("data_dir", Config.model_fields["data_dir"]))


def example_exchange() -> str:
    """Every key of an exchange, with its comment."""
    return "\n\n".join("\n".join(_lines(name, field)) for name, field in _fields(ExchangeConfig))


def example_sections() -> str:
    """Every section behind ``exchanges``, with all its keys."""
    sections = {n: f.default for n, f in Config.model_fields.items() if isinstance(f.default, BaseModel)}
    return "\n\n".join(_section(name, type(section)) for name, section in sections.items())


def _section(name: str, model: type[BaseModel]) -> str:
    parts = [f"{_comment(_plain_sentence(model), WIDTH)}\n{name}:"]
    for key, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            parts.append(textwrap.indent(_section(key, type(field.default)), "  "))
        else:
            parts.append(textwrap.indent("\n".join(_lines(key, field)), "  "))
    return parts[0] + "\n" + "\n\n".join(parts[1:])


def _lines(name: str, field: FieldInfo) -> Iterator[str]:
    """A key of the example below its comment; ``#key`` where the setting is off."""
    yield _comment(f"{field.description} Default:\N{NO-BREAK SPACE}{_yaml(field.default)}", WIDTH - 4)
    shown, *others = field.examples or [field.default]
    off = "#" if field.default in (None, ()) and name not in SHOWN else ""
    yield f"{off}{name}: {_yaml(shown)}"
    yield from (f"#{name}: {_yaml(each)}" for each in others)


def _comment(markdown: str, width: int) -> str:
    """Markdown as the plain text of a comment: links of our pages by their name, others by their address."""
    text = re.sub(r"\[([^]]+)\]\(#[^)]+\)", r"\1 in docs/configuration.md", markdown)
    text = re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"\1 (\2)", text).replace("`", "")
    lines = textwrap.wrap(text, width, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def _plain_sentence(model: type[BaseModel]) -> str:
    return re.sub(r"\s+", " ", model.__doc__ or "").replace("``", "`").strip()


def _yaml(value: Any) -> str:  # noqa: ANN401 - any value of the model
    """A value as one writes it in the file, on one line."""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, tuple):
        value = list(value)
    if value is PydanticUndefined:
        raise ValueError("a required key has no default to show")
    if isinstance(value, str) and yaml.safe_load(value) == value:
        return value
    dumped = yaml.safe_dump(
        [value], default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False
    )
    return dumped.strip()[1:-1]
