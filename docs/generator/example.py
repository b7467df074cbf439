"""The keys of the configuration with their comments, for config/config.examples.yaml.

A comment is the description of the field; its `examples` are shown instead of the default.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from daedalus.config import Config, ExchangeConfig

from .configuration import fields, sentence, yaml_text

__all__ = ["exchange", "place", "sections"]

WIDTH = 100
SHOWN = {"symbols", "channels"}
"""Keys without a default that the example sets all the same."""


def place() -> str:
    """``data_dir`` as the example sets it."""
    return "\n".join(_lines("data_dir", Config.model_fields["data_dir"]))


def exchange() -> str:
    """Every key of an exchange, with its comment."""
    return "\n\n".join("\n".join(_lines(name, field)) for name, field in fields(ExchangeConfig))


def sections() -> str:
    """Every section behind ``exchanges``, with all its keys."""
    found = {n: f.default for n, f in Config.model_fields.items() if isinstance(f.default, BaseModel)}
    return "\n\n".join(_section(name, type(section)) for name, section in found.items())


def _section(name: str, model: type[BaseModel]) -> str:
    parts = [f"{_comment(sentence(model), WIDTH)}\n{name}:"]
    for key, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            parts.append(textwrap.indent(_section(key, type(field.default)), "  "))
        else:
            parts.append(textwrap.indent("\n".join(_lines(key, field)), "  "))
    return parts[0] + "\n" + "\n\n".join(parts[1:])


def _lines(name: str, field: FieldInfo) -> Iterator[str]:
    """A key of the example below its comment; ``#key`` where the setting is off."""
    yield _comment(f"{field.description} Default:\N{NO-BREAK SPACE}{yaml_text(field.default)}", WIDTH - 4)
    shown, *others = field.examples or [field.default]
    off = "#" if field.default in (None, ()) and name not in SHOWN else ""
    yield f"{off}{name}: {yaml_text(shown)}"
    yield from (f"#{name}: {yaml_text(each)}" for each in others)


def _comment(markdown: str, width: int) -> str:
    """Markdown as the plain text of a comment: links of our pages by their name, others by their address."""
    text = re.sub(r"\[([^]]+)\]\(#[^)]+\)", r"\1 in docs/configuration.md", markdown)
    text = re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"\1 (\2)", text).replace("`", "")
    lines = textwrap.wrap(text, width, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")
