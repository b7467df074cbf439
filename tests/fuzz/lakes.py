"""A lake, one file of which may hold anything: the audit reads it, or names it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from support.lake_workbench import Recording, audited

from .files import folder


@cache
def _lake() -> tuple[Path, tuple[tuple[Path, bytes], ...]]:
    """A small lake, and its files with what they hold."""
    recording = Recording(folder() / "lake")
    recording.opened(0, ("trade", "depth"))
    recording.trades([*range(1, 5), *range(8, 12)])
    recording.snapshot(1, 10)
    recording.depths(11, 14, 2, every=40)
    recording.closed(200, ("trade", "depth"))
    lake = recording.seal()
    return lake, tuple((path, path.read_bytes()) for path in sorted(lake.rglob("*.parquet")))


def whole_files() -> list[bytes]:
    """Each file of the lake, behind its number."""
    _, files = _lake()
    return [bytes((number,)) + content for number, (_, content) in enumerate(files)]


def lake_file(data: bytes) -> None:
    """The first byte says in the place of which file the others lie."""
    lake, files = _lake()
    path, content = files[data[0] % len(files) if data else 0]
    path.write_bytes(data[1:])
    try:
        report = audited(lake)
        if data[1:] == content:
            assert not report.findings
    finally:
        path.write_bytes(content)
