"""Whether workers run what is installed, and which workers run with other configurations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..config import SEARCHED, Config, ConfigError, load_config
from ..worker.start import setup_of
from ..worker.status import AnyStatus, Setup
from .view import Row

__all__ = ["differences", "elsewhere"]


def differences(config: Config) -> Callable[[AnyStatus], str]:
    """A function that says how a worker differs from this version and this configuration as they are now."""

    def differs(status: AnyStatus) -> str:
        if config.origin.file is None:
            return ""
        return difference(status.process, setup_of(config, status.worker))

    return differs


def difference(runs: Setup, here: Setup) -> str:
    """How what ``runs`` differs from what is installed ``here``, in words; "" if it does not."""
    if not runs.version:
        return f"runs a version before {here.version}; restart it"
    if runs.version != here.version:
        return f"runs version {runs.version}, here is {here.version}; restart it"
    if runs.config_hash == here.config_hash:
        return ""
    if runs.config_path != here.config_path:
        return f"runs with {runs.config_path}, not with {here.config_path}"
    return f"runs with {here.config_path} as it was before a change; restart it"


def elsewhere(
    config: Config, observe: Callable[[Config], Sequence[Row]], places: Sequence[Path] = SEARCHED
) -> list[str]:
    """One line for each other place of a configuration with which workers run now."""
    found = []
    for place in places:
        try:
            place.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            found.append(f"{place} is left out: this user may not look at it")
            continue
        try:
            other = load_config(place)
        except ConfigError as error:
            found.append(f"{place} is left out: {str(error).splitlines()[0]}")
            continue
        if other.origin.file == config.origin.file or other.data_dir == config.data_dir:
            continue
        if running := [row.worker for row in observe(other) if row.alive]:
            names = ", ".join(running)
            found.append(
                f"with {place}, on {other.data_dir}, there also run: {names}. See them with -c {place}"
            )
    return found
