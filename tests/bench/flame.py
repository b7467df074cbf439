"""Where the time goes: a flame graph of the whole ingest worker, sampled from outside while it records."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from comparison import environment
from receiving import await_messages, started

__all__ = ["flame"]

SAMPLER = "py-spy==0.4.1"
SAMPLES_PER_SECOND = 500
SECONDS = 10


def flame(messages: Path, count: int, directory: Path, say: Callable[[str], None]) -> str | None:
    """An SVG of what ingest does at full speed; None where the sampler cannot be had or may not look."""
    python = environment("py-spy", [SAMPLER], say)
    if python is None:
        return None
    image = directory / "flame.svg"
    with started(messages, 0, count, directory) as (exchange, worker):
        sample = [str(Path(python).with_name("py-spy")), "record", "--pid", str(worker.pid), "--function"]
        sample += ["--output", str(image), "--rate", str(SAMPLES_PER_SECOND), "--duration", str(SECONDS)]
        exchange.go()
        sampled = subprocess.run(sample, capture_output=True, text=True, check=False)
        await_messages(directory, count)
    if sampled.returncode:
        say(f"no flame graph: {sampled.stderr.strip()}")
        return None
    # The title is the command line, with paths of the machine that measured.
    return re.sub(
        r"\S*py-spy record [^<]*", "py-spy record of the ingest worker", image.read_text(encoding="utf-8")
    )
