"""Daedalus with its fsyncs counted.

    python counted.py FILE SUBCOMMAND…

FILE holds the number, written anew after each turn of the storage thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from daedalus.cli import main

count = 0


def counted(call: Callable[[int], None]) -> Callable[[int], None]:
    def fsync(descriptor: int) -> None:
        global count
        count += 1
        Path(file).write_text(str(count))
        call(descriptor)

    return fsync


file = sys.argv.pop(1)
os.fsync, os.fdatasync = counted(os.fsync), counted(os.fdatasync)
main()
