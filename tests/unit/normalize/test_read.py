from __future__ import annotations

import errno
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daedalus.normalize.read import read_raw
from daedalus.store.layout import READY, Layout

FIRST = 1_790_000_000_000_000_000


@contextmanager
def few_descriptors() -> Iterator[None]:
    """No file can be opened in here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_a_free_descriptor_a_file_is_not_damaged(layout: Layout, trades: Any) -> None:
    path = layout.raw(READY) / trades([1, 2]).seal(layout, FIRST).sealed_path
    with few_descriptors(), pytest.raises(OSError) as raised:  # noqa: PT011 - its number is looked at
        list(read_raw(path))
    assert raised.value.errno == errno.EMFILE


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_without_memory_a_file_is_not_damaged(layout: Layout, trades: Any) -> None:
    path = layout.raw(READY) / trades([1, 2]).seal(layout, FIRST).sealed_path
    code = (
        "import resource, sys; from pathlib import Path; from daedalus.normalize.read import read_raw\n"
        "import pyarrow.parquet as pq; pq.read_metadata(sys.argv[1])\n"
        "used = 4096 * int(open('/proc/self/statm').read().split()[0])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used, used))\n"
        "try: list(read_raw(Path(sys.argv[1])))\n"
        "except MemoryError: sys.exit(7)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 7
