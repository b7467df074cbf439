"""A YAML text as plain values, each with its line. Only this file knows YAML's syntax.

Invariants: ambiguous text is refused (a key given twice, tabs, tags, aliases); no text makes it recurse or
grow without bound; no message repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import yaml

from .problems import ConfigError, KeyPath, Problem

__all__ = ["Document", "Place", "parse"]

_DEEPEST = 12
_LITERAL = "Write the value out, in quotes if it is meant literally."
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9](_?[0-9]){0,17})")
_TRUE = {"true", "yes", "on"}
_IN_QUOTES = re.compile(r"'([^']*)'")
_HINTS = {
    r"'\t' that cannot start any token": "a tab stands where YAML wants spaces. Write spaces instead.",
    "mapping values are not allowed here": "a second ': ' stands in one line, or the line is indented"
    " too far. Quote a value that contains ': ', and align the keys of one mapping.",
    "expected ',' or": "a bracket is opened and not closed, or a comma is missing. Close it.",
    "expected <block end>": "the line does not align with the ones above it. Indent all keys of one"
    " mapping equally.",
    "could not find expected ':'": "a key has no colon after it. Write key: value, with a space after"
    " the colon.",
    "while scanning a quoted scalar": "a quote is opened and not closed. Close it.",
}


@dataclass(frozen=True)
class Place:
    """The line of a value and, for a scalar, its spelling in the file."""

    line: int
    text: str | None = None


@dataclass(frozen=True)
class Document:
    """A parsed text: nested dicts, lists, str, int, float, bool and None; keys are strings."""

    file: str
    value: object
    places: Mapping[KeyPath, Place]

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest enclosing key that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path].line if path in self.places else 0


def parse(text: str, file: str) -> Document:
    """Read a YAML text. Raises `ConfigError` with the line for invalid or ambiguous text.

    Booleans are those of YAML 1.1 (yes, NO, on…), as in Ansible and most tools. Whole numbers are decimal:
    010 is not 8, 1:30 is not 90. Dates stay text.
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character U+{int(error.character):04X} is not allowed in YAML. Remove it."
        raise ConfigError([Problem(file, line, (), problem)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError([Problem(file, mark.line + 1 if mark else 0, (), _explain(error))]) from None
    finally:
        if loader is not None:
            loader.dispose()
    values = _Values(file)
    value = None if node is None else values.of(node, ())
    if values.problems:
        raise ConfigError(values.problems)
    return Document(file, value, values.places)


class _Loader(yaml.SafeLoader):
    """Composes nodes; refuses aliases, anchors, tags and deep nesting: a configuration needs none."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse(f"aliases and anchors (a leading * or &) are not allowed. {_LITERAL}", event)
        if getattr(event, "tag", None) is not None:
            self._refuse(f"tags (words with a leading !) are not allowed. {_LITERAL}", event)
        if self._depth >= _DEEPEST:
            self._refuse("this is nested too deeply.", event)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refuse(self, problem: str, event: yaml.Event) -> None:
        raise _Refused(problem=problem, problem_mark=cast("yaml.Mark", event.start_mark))


class _Refused(yaml.MarkedYAMLError):
    pass


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it cannot be read"
    if isinstance(error, _Refused):
        return problem
    for sign, hint in _HINTS.items():
        if sign in f"{problem} {error.context}":
            return hint
    # PyYAML quotes single characters and its own <tokens>; any other quote is text of the user.
    problem = _IN_QUOTES.sub(lambda m: m[0] if len(m[1]) == 1 or m[1].startswith("<") else "'…'", problem)
    return f"this is not valid YAML: {problem}. Look at this line and the one above it."


class _Values:
    """Turns nodes into plain values and notes the place of each."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []

    def of(self, node: yaml.Node, path: KeyPath) -> object:
        """The value of a node. The line of a value is that of its key."""
        known = self.places.get(path)
        line = known.line if known else _line(node)
        if isinstance(node, yaml.ScalarNode):
            self._check_text(node, path)
            self.places[path] = Place(line, node.value)
            return _scalar(node.tag, node.value)
        self.places[path] = Place(line)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._mapping(node.value, path)

    def _mapping(self, pairs: list[tuple[yaml.Node, yaml.Node]], path: KeyPath) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for key_node, value_node in pairs:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(
                    key_node, path, "a key must be a word, not a list or a mapping. Write key: value."
                )
                continue
            self._check_text(key_node, path)
            key = (*path, key_node.value)
            if key in self.places:
                first = self.places[key].line
                text = f"the key is given twice, first in line {first}. Keep one of the two."
                self._refuse(key_node, key, text)
                continue
            self.places[key] = Place(_line(key_node))
            mapping[key_node.value] = self.of(value_node, key)
        return mapping

    def _check_text(self, node: yaml.ScalarNode, path: KeyPath) -> None:
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            self._refuse(node, path, "an escape here names half a character. Write the character itself.")

    def _refuse(self, node: yaml.Node, path: KeyPath, text: str) -> None:
        self.problems.append(Problem(self._file, _line(node), path, text))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _scalar(tag: str, text: str) -> str | int | float | bool | None:
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in _TRUE
    if kind == "int" and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if kind == "float":
        try:
            return float(text)
        except ValueError:  # .inf, .nan, 1:30.5: the model refuses the text
            return text
    return text
