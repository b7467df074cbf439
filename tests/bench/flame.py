"""Where the time goes: a flame graph of the whole ingest worker, sampled from outside while it records."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from comparison import environment
from receiving import Venue, await_messages, recorder

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
    venue = Venue(messages, 0, count)
    with recorder(directory, venue.url) as worker:
        sample = [
            str(Path(python).with_name("py-spy")),
            "record",
            "--pid",
            str(worker.pid),
            "--output",
            str(image),
        ]
        sample += ["--function", "--rate", str(SAMPLES_PER_SECOND), "--duration", str(SECONDS)]
        try:
            venue.await_subscription()
            time.sleep(1.5)  # its start is over
            venue.go()
            sampled = subprocess.run(sample, capture_output=True, text=True, check=False)
            await_messages(directory, count)
        finally:
            venue.end()
    if sampled.returncode:
        say(f"no flame graph: {sampled.stderr.strip()}")
        return None
    return image.read_text(encoding="utf-8")
