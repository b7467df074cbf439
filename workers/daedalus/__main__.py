"""``python -m daedalus`` is the command `daedalus`."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
