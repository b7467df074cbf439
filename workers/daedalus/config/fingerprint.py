"""A hash of the configuration of a worker.

A worker writes the hash of its configuration into its status. Comparing it with the hash of the current file
tells whether a change has taken effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import astuple

from .explain import SECRETS
from .model import Config

__all__ = ["fingerprint"]

_ROUNDS = 100_000
"""Slow on purpose: more people may read a status file than the configuration, and could try passwords."""


def fingerprint(config: Config, worker: str) -> str:
    """The hash of all values in effect that concern one worker (``ingest-binance``, ``normalize``, …).

    Comments, the order of keys, explicit defaults and the settings of other exchanges do not change it. A
    secret in the file counts; a secret from a credential or the environment does not, because the reader of a
    status may not have it.
    """
    values = config.model_dump(mode="json")
    for name, exchange in config.exchanges.items():
        values["exchanges"][name]["channels"] = [list(astuple(each)) for each in exchange.subscriptions()]
        del values["exchanges"][name]["symbols"]
    for section, key in SECRETS:
        written = config.origin.written.get(section)
        values[section][key] = _sealed(written.get(key)) if isinstance(written, Mapping) else None
    text = json.dumps(_concerning(worker, values), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _concerning(worker: str, values: dict[str, Any]) -> dict[str, Any]:
    common = {"data_dir": values["data_dir"], "log": values["log"]}
    kind, _, exchange = worker.partition("-")
    if kind == "ingest":
        return {**common, "exchange": values["exchanges"].get(exchange), "writer": values["writer"]}
    if kind == "normalize":
        return {**common, "normalize": values["normalize"]}
    free = values["writer"]["min_free_mb"]
    if kind == "sync":
        return {**common, "sync": values["sync"], "min_free_mb": free}
    watched = {key: values[key] for key in ("alerts", "memory")}
    return {**common, **watched, "exchanges": sorted(values["exchanges"]), "min_free_mb": free}


def _sealed(secret: object) -> str | None:
    if not secret:
        return None
    content = json.dumps(secret, default=str).encode()
    return hashlib.pbkdf2_hmac("sha256", content, b"daedalus", _ROUNDS).hex()
