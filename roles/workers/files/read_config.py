"""Reads the owner's configuration where Ansible runs, and puts the appliance's data_dir into it.

    read_config.py FILE DATA_DIR

Prints {"text": …}: the file as its owner wrote it, comments and line numbers included, with another value of
``data_dir``. Where that cannot be, prints {"problem": …}, one line with place and remedy, and exits with 2.
Whether the configuration is right is for Daedalus to judge.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

KEY = "data_dir"
_EXAMPLES = "config/config.examples.yaml"
_REMEDY = f"Copy {_EXAMPLES} to it and say what to record, or name another file in workers_config_file."


class Unreadable(Exception):  # noqa: N818 - the message is the whole of it
    """The file is no configuration; the message says why and what to do."""


def read(path: str) -> str:
    """The file's text. Raises `Unreadable`."""
    try:
        return Path(path).read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise Unreadable(f"{path} is not there. {_REMEDY}") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not UTF-8 text. Save it as such.") from None


def parse(path: str, text: str) -> dict[str, Any]:
    """What the text says. Raises `Unreadable` where that is no configuration at all."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise Unreadable(f"{place}: this is not YAML: {getattr(error, 'problem', None) or error}.") from None
    if not isinstance(found, dict):
        raise Unreadable(f"{path} says nothing. {_REMEDY}")
    exchanges = found.get("exchanges")
    if not isinstance(exchanges, dict) or not exchanges:
        raise Unreadable(
            f"{path} exchanges: expected at least one exchange with its symbols. See {_EXAMPLES}."
        )
    return found


def with_data_dir(path: str, text: str, directory: str) -> str:
    """The same text with ``directory`` as its data_dir, which is added at the end if there is none.

    The value is replaced where the YAML parser found it. The result is read again and compared, so that an
    unusual spelling (an alias, one line in braces) is refused and never becomes another configuration.
    """
    wanted = parse(path, text) | {KEY: directory}
    top = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(top, yaml.MappingNode)  # or parse() would have refused it
    value = yaml.safe_dump(directory, width=sys.maxsize).removesuffix("...\n").strip()
    places = [(node.start_mark.index, node.end_mark.index) for key, node in top.value if key.value == KEY]
    if not places:
        end = "" if text.endswith("\n") else "\n"
        edited = f"{text}{end}{' ' * top.start_mark.column}{KEY}: {value}\n"
    else:
        edited = text
        for begin, end in reversed(places):
            before = "" if edited[begin - 1] in " \n" else " "
            after = "\n" if edited[begin:end].endswith("\n") else ""
            edited = f"{edited[:begin]}{before}{value}{after}{edited[end:]}"
    try:
        same = yaml.safe_load(edited) == wanted
    except yaml.YAMLError:
        same = False
    if not same:
        raise Unreadable(
            f"{path} {KEY}: the appliance cannot replace it. Write it on a line of its own: {KEY}: data"
        )
    return edited


def main(path: str, directory: str) -> int:
    try:
        print(json.dumps({"text": with_data_dir(path, read(path), directory)}))
    except Unreadable as problem:
        print(json.dumps({"problem": str(problem)}))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
