"""Simulated exchanges on loopback: real protocols over a deterministic market or a recording, with faults."""

from __future__ import annotations

from .client import Sent
from .exchanges import EXCHANGES
from .market import Market
from .options import Faults, SimulatorError, SimulatorOptions
from .server import Simulator, running, serve

__all__ = [
    "EXCHANGES",
    "Faults",
    "Market",
    "Sent",
    "Simulator",
    "SimulatorError",
    "SimulatorOptions",
    "running",
    "serve",
]
