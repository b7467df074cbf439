"""What can go wrong, as one tree. Whoever uses the library catches `DaedalusError`, or what it needs of it:

::

    DaedalusError
    ├── ConfigError             a configuration that cannot be used: all its problems, by line
    ├── SimulatorError          options that ask for what cannot be simulated (a ValueError)
    ├── UnknownNameError        an exchange, a channel or a symbol that nobody knows (a ValueError)
    ├── NoRawFileError          a Parquet file that is none of the recorder's
    ├── AlreadyRunning          another process does this work on this data_dir
    ├── TargetError             the lake, or the way to it: credentials, network, space, an answer
    ├── NoBookError             no book that may be believed is known for that moment
    ├── DamagedFileError        a file of the lake cannot be read as it was written
    │   └── AlteredFileError    it can be read, and its rows are others
    ├── DamagedSegment          the bytes of a raw file are not what was written
    ├── DiskTrouble             nothing may be written now: little space, or no disk
    ├── SegmentError            the disk refused a write (an OSError)
    ├── NoRegularFileError      something else stands where a file is expected (an OSError)
    ├── RestError               a request to an exchange failed
    └── WireError               a websocket could not be opened or used

What only says that work was given up, as it was asked to be, is no error and stands outside of the tree:
`SealCancelled`, `Interrupted`, `StoppedError`, `SourceGoneError`. This module imports nothing, so that every
room may name it.
"""

from __future__ import annotations

__all__ = ["FAILED", "LOCKED", "USAGE", "DaedalusError"]

FAILED, USAGE, LOCKED = 1, 2, 3
"""Exit codes: failed or incomplete; usage or configuration; another instance."""


class DaedalusError(Exception):
    """Something that a person can mend. ``str()`` says what is wrong, where, and what to do about it.

    ``exit_code`` is what the command line ends with. ``remedy`` is the sentence that says what to do, where
    the error knows it apart from the rest; else it is empty.
    """

    exit_code: int = FAILED
    remedy: str = ""
