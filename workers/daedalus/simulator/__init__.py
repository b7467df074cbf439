"""Simulated exchanges on loopback: real protocols over a deterministic market or a recording, with faults."""

from __future__ import annotations

from daedalus.simulator.client import Sent
from daedalus.simulator.exchanges import EXCHANGES
from daedalus.simulator.market import Market
from daedalus.simulator.options import Faults, SimulatorError, SimulatorOptions
from daedalus.simulator.server import Simulator, running, serve

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
