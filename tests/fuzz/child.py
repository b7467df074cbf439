"""Fuzzes one target with atheris, in a process of its own: `python -m fuzz.child TARGET SECONDS FOLDER`.

It goes on after a finding, so that one does not hide others. Each kind of finding is kept once: the input,
and what it brought out. What ends the process (a crash in C, a hang, too much memory) libFuzzer keeps.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import time
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["daedalus", "yaml", "fuzz.files", "fuzz.lakes", "fuzz.network", "fuzz.exchanges"]
):
    from .mutate import MOST_BYTES, JsonMutator
    from .targets import TARGETS, Target

CORE = "atheris.core_with_libfuzzer"
SLOW_SECONDS = 1.0
HANG_SECONDS = 20
"""Of the wall, where the input has to be ended from outside; a busy machine needs some patience."""
RSS_MEGABYTES = 1000


class Slow(Exception):  # noqa: N818 - the name says the whole error
    """An input took more than `SLOW_SECONDS` of CPU."""


class Watched:
    """A target's reader, whose findings are kept below ``folder``."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._read = target.read
        self._folder = folder
        self._known: set[tuple[str, str]] = set()

    def __call__(self, data: bytes) -> None:
        began = time.thread_time()
        try:
            self._read(data)
            if (took := time.thread_time() - began) > SLOW_SECONDS:
                raise Slow(f"{took:.1f} s of CPU")
        except Exception as error:
            self._keep(data, error)

    def _keep(self, data: bytes, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__, f"{frame.filename}:{frame.lineno}"
        if kind in self._known:
            return
        self._known.add(kind)
        path = self._folder / f"{kind[0]}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        print(f"FOUND {path}: {str(error)[:200]!r}", file=sys.stderr, flush=True)


def raw_mutation(data: bytes, max_size: int) -> bytes:
    """libFuzzer's own way. Atheris 3.0's `Mutate` does not know that the fuzzing has begun; its core does."""
    changed: bytes = sys.modules[CORE].Mutate(bytes(data), max_size)  # type: ignore[attr-defined]
    return changed


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def main(name: str, seconds: str, folder: str) -> None:
    target = TARGETS[name]
    logging.disable(logging.CRITICAL)  # each of a million refusals would be told
    here = Path(folder)
    found, seeds, corpus = (here / part / name for part in ("findings", "seeds", "corpus"))
    for each in (found, seeds, corpus):
        each.mkdir(parents=True, exist_ok=True)
    contents = list(target.seeds())
    for content in contents:
        (seeds / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
    arguments = [
        name,
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-timeout={HANG_SECONDS}",
        f"-rss_limit_mb={RSS_MEGABYTES}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
        str(corpus),
        str(seeds),
    ]
    if target.words:
        words = here / f"{name}.dict"
        words.write_text(
            "".join(f'"{_escaped(word)}"\n' for word in target.words.split("|")), encoding="ascii"
        )
        arguments.insert(1, f"-dict={words}")
    mutator = {"custom_mutator": JsonMutator(contents, raw_mutation)} if target.is_json else {}
    atheris.Setup(arguments, Watched(target, found), **mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
