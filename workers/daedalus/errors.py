"""All errors that a person can fix, as one tree; catch `DaedalusError`, or one below it:

::

    DaedalusError
    ├── ConfigError             the configuration cannot be used: all its problems, by line
    ├── SimulatorError          options that cannot be simulated (a ValueError)
    ├── UnknownNameError        an exchange, channel or symbol that does not exist here (a ValueError)
    ├── NoRawFileError          a Parquet file that is not a raw file of the recorder
    ├── AlreadyRunningError     another process works on this data_dir
    ├── TargetError             the lake cannot be reached, read or written
    ├── NoBookError             the book is not known at that moment
    ├── DamagedFileError        a file of the lake is not as it was written
    │   └── AlteredFileError    it can be read, but has other rows
    ├── DamagedSegmentError     a raw file is not as it was written
    ├── WriteBlockedError       nothing may be written now: little space, or no disk
    ├── SegmentError            the disk refused a write (an OSError)
    ├── NoRegularFileError      something else stands where a file is expected (an OSError)
    ├── RestError               a request to an exchange failed
    └── WireError               a websocket could not be opened or used

Exceptions that only steer work (end it, move on, ask again) stand outside of the tree: `SealCancelled`,
`Interrupted`, `StoppedError`, `SourceGoneError`, `NoAnswerError`. This module imports nothing, so that every
room may import it.
"""

from __future__ import annotations

__all__ = ["FAILED", "LOCKED", "USAGE", "DaedalusError"]

FAILED, USAGE, LOCKED = 1, 2, 3
"""Exit codes: failed or incomplete; usage or configuration; another instance."""


class DaedalusError(Exception):
    """Something that a person can fix. ``str()`` says what is wrong, where, and what to do about it.

    ``exit_code``: that of the command line. ``remedy``: the sentence that says what to do, where the error
    knows it apart from the rest; else "".
    """

    exit_code: int = FAILED
    remedy: str = ""
