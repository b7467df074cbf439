"""How a command ends: an error that a person can fix is one line on stderr and an exit code, no traceback."""

from __future__ import annotations

import zlib
from typing import Any

import typer
from typer.core import TyperGroup

from ..errors import FAILED, LOCKED, USAGE, DaedalusError
from ..shown import shown_lines

__all__ = ["FAILED", "INTERRUPTED", "LOCKED", "OK", "USAGE", "Commands", "Group", "complain"]

OK, INTERRUPTED = 0, 130
"""The exit codes besides those of errors: done, and Ctrl-C."""

SERVICES = ("start", "stop", "restart")
"""Commands of the appliance's own `daedalus`, a shell script around this one."""


class Commands(TyperGroup):
    """Commands whose help is broken at the width of the terminal, not where their docstrings are."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in self.commands.values():
            paragraphs = (command.help or "").split("\n\n")
            command.help = "\n\n".join(" ".join(each.split()) for each in paragraphs)


class Group(Commands):
    """All commands. A `DaedalusError` or I/O error becomes an exit code, any other error is a bug."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - as below
        if args and args[0] in SERVICES and args[0] not in self.commands:
            where = "exists only where the recorder is installed as services, see docs/appliance.md"
            complain(f"daedalus {args[0]} {where}. Here: daedalus run, and Ctrl-C.")
            raise typer.Exit(USAGE)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own signature, in a private type
        try:
            return super().invoke(ctx)
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            complain(_told(error))
            raise typer.Exit(code) from None


def complain(text: str) -> None:
    """Print to stderr, in red on a terminal."""
    typer.secho(shown_lines(text), fg=typer.colors.RED, err=True)


def _exit_code(error: Exception) -> int | None:
    """The exit code of an error that a person can fix; None for a bug."""
    if isinstance(error, DaedalusError):
        return error.exit_code
    if isinstance(error, BrokenPipeError):  # the reader of our output has gone; typer exits silently
        return None
    return FAILED if isinstance(error, OSError | EOFError | zlib.error) else None


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
