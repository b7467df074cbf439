"""The configuration: one YAML file as typed, frozen values.

`load_config` is all a worker needs. This room imports nothing heavier than pydantic and PyYAML, because every
worker keeps it in memory.
"""

from __future__ import annotations

from .exchange import ExchangeConfig
from .fingerprint import fingerprint
from .loader import SEARCHED, find_config, load_config, parse_config
from .model import Alerts, Config, Log, Memory, Normalize, Retention, Sync, Writer
from .problems import ConfigError, Problem

__all__ = [
    "SEARCHED",
    "Alerts",
    "Config",
    "ConfigError",
    "ExchangeConfig",
    "Log",
    "Memory",
    "Normalize",
    "Problem",
    "Retention",
    "Sync",
    "Writer",
    "find_config",
    "fingerprint",
    "load_config",
    "parse_config",
]
