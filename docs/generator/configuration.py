"""The keys of the configuration as tables, for docs/configuration.md.

Default, type and bounds come from the model, the meaning from the description of each field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from daedalus.config import Config, ExchangeConfig

__all__ = ["exchange_keys", "fields", "keys", "sentence", "yaml_text"]

HEAD = "| key | default | type | meaning |\n| --- | --- | --- | --- |"
TYPES = {int: "whole number", float: "number", bool: "`true` or `false`"}


def keys() -> str:
    """One table for the keys at the top, one for each section below."""
    tables = [_table(Config)]
    for name, field in Config.model_fields.items():
        if isinstance(field.default, BaseModel):
            tables += [f"### {name}", sentence(type(field.default)), _table(type(field.default))]
    return "\n\n".join(tables)


def exchange_keys() -> str:
    """The keys of one exchange."""
    return _table(ExchangeConfig)


def _table(model: type[BaseModel]) -> str:
    return "\n".join([HEAD, *_rows(model, "")])


def _rows(model: type[BaseModel], before: str) -> Iterator[str]:
    for name, field in fields(model):
        if isinstance(field.default, BaseModel):
            if model is not Config:
                yield from _rows(type(field.default), f"{before}{name}.")
        else:
            default = "required" if field.is_required() else f"`{yaml_text(field.default)}`"
            yield f"| `{before}{name}` | {default} | {_type(field)} | {field.description} |"


def fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """The keys in the order of the page: ``symbols`` first, though the model reads ``channels`` before it."""
    fields = [(name, field) for name, field in model.model_fields.items() if name != "name"]
    return sorted(fields, key=lambda each: each[0] != "symbols")


def _type(field: FieldInfo) -> str:
    """The type in words, with its bounds: ``whole number, 1 to 64``."""
    if field.title is None and type(None) in get_args(field.annotation):
        field = FieldInfo.from_annotation(get_args(field.annotation)[0])
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


def sentence(model: type[BaseModel]) -> str:
    """What a section is, from its docstring."""
    return re.sub(r"\s+", " ", model.__doc__ or "").replace("``", "`").strip()


def yaml_text(value: Any) -> str:  # noqa: ANN401 - any value of the model
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
