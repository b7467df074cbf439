"""Whether a configuration file can be read at all; asked on the machine that runs Ansible.

    readable.py FILE

Prints what is wrong, with line and remedy, and exits with 2; says nothing of what only Daedalus can judge.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

_EXAMPLES = "config/config.examples.yaml"
_REMEDY = f"Copy {_EXAMPLES} to it and say what to record, or name another file in workers_config_file."


def problem(path: str) -> str | None:
    """One line of what keeps the file from being a configuration, None where nothing does."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return f"{path} is not there. {_REMEDY}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}."
    except UnicodeDecodeError:
        return f"{path} is not UTF-8 text. Save it as such."
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        return f"{place}: this is not YAML: {getattr(error, 'problem', None) or error}."
    if not isinstance(found, dict):
        return f"{path} says nothing. {_REMEDY}"
    exchanges = found.get("exchanges")
    if not isinstance(exchanges, dict) or not exchanges:
        return f"{path} exchanges: expected at least one exchange with its symbols. See {_EXAMPLES}."
    return None


if __name__ == "__main__":
    told = problem(sys.argv[1])
    if told is not None:
        print(told)
        sys.exit(2)
