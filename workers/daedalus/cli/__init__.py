"""The one command, `daedalus`: it parses what was asked for and calls the worker; no logic of its own.

What a command needs is imported inside of it, so that a worker carries nothing it does not use, and
``--help`` answers at once.
"""

from .app import app, main

__all__ = ["app", "main"]
