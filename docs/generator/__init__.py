"""Writes into the pages what the code knows: `make docs` runs it, and a test fails while a page is stale.

A generated section stands between two markers, each on a line of its own:

    <!-- tables: written by make docs -->          # tables: written by make docs
    ...                                            ...
    <!-- end of tables -->                         # end of tables
"""

from .sections import ROOT, SECTIONS, fresh

__all__ = ["ROOT", "SECTIONS", "fresh"]
