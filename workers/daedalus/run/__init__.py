"""All workers in the foreground, without systemd: for laptops, first tries and tests."""

from .demo import run_demo
from .foreground import run_all

__all__ = ["run_all", "run_demo"]
