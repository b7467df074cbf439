"""All workers in the foreground, without systemd: for laptops and the demonstration."""

from .demo import run_demo
from .foreground import run_all

__all__ = ["run_all", "run_demo"]
