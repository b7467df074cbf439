"""A configuration in words: a summary, warnings, and the values in effect."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .. import __version__
from ..units import counted
from .exchange import ExchangeConfig
from .fingerprint import fingerprint
from .model import Config

__all__ = ["as_json", "effective", "summary", "warnings"]


MASK = "**********"


def summary(config: Config) -> list[str]:
    """What is recorded and where it is stored, one line each."""
    lines = [f"data_dir   {config.data_dir.absolute()}"]
    for name, exchange in config.exchanges.items():
        streams = exchange.subscriptions()
        channels = list(dict.fromkeys(stream.channel for stream in streams))
        symbols = {stream.symbol for stream in streams if stream.symbol}
        plans = exchange.exchange.requests.plan(
            streams, exchange.websocket_url or exchange.exchange.websocket_url
        )
        counts = [
            counted(len(symbols), "symbol", "symbols"),
            counted(len(streams), "stream", "streams"),
            counted(len(plans), "connection", "connections"),
        ]
        lines.append(f"{name}   {', '.join(channels)}: {', '.join(counts)}")
    lines.append(f"target   {_shown(config.target)}{' (and raw files)' if config.sync.include_raw else ''}")
    return lines


def as_json(config: Config, warned: Sequence[str]) -> str:
    """For machines: file, version, warnings, and the hash for each worker."""
    about = {
        "config_path": str(config.origin.file) if config.origin.file else "",
        "data_dir": str(config.data_dir.absolute()),
        "target": _shown(config.target),
        "version": __version__,
        "workers": {name: fingerprint(config, name) for name in [*config.workers, "watchdog"]},
        "warnings": list(warned),
    }
    return json.dumps(about, indent=2)


def warnings(config: Config, path: Path) -> list[str]:
    """What is allowed but probably a mistake. ``path``: the file that was read."""
    found = []
    if _holds_secrets(path, config) and path.stat().st_mode & stat.S_IROTH:
        found.append(f"{path} holds secrets and everyone may read it. Run: chmod 640 {path}")
    for name, exchange in config.exchanges.items():
        recorded = {stream.symbol for stream in exchange.subscriptions()}
        if unused := [symbol for symbol in exchange.symbols or () if symbol not in recorded]:
            found.append(f"exchanges.{name}.symbols: no channel records {', '.join(unused)}.")
    scheme = config.target.partition("://")[0]
    if scheme not in ("s3", "s3a"):
        given = [key for key in ("endpoint_url", "region", "access_key") if getattr(config.sync, key)]
        found.extend(f"sync.{key} has no effect on {scheme}:// targets." for key in given)
    return found


def effective(config: Config) -> str:
    """Every key with the value in effect, as YAML that means the same; secrets as ``**********``."""
    values = config.model_dump(mode="json")
    values["data_dir"] = str(config.data_dir.absolute())
    values["exchanges"] = {name: _exchange(exchange) for name, exchange in config.exchanges.items()}
    values["sync"] |= {"target": _shown(config.target), "endpoint_url": _shown(config.sync.endpoint_url)}
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def _exchange(exchange: ExchangeConfig) -> dict[str, Any]:
    streams = exchange.subscriptions()
    channels: Any = list(dict.fromkeys(stream.channel for stream in streams))
    some = len(streams) < len(channels) * len(exchange.symbols or ())
    if isinstance(exchange.channels, Mapping) or (exchange.channels is None and some):
        chosen = {name: [stream.symbol for stream in streams if stream.channel == name] for name in channels}
        channels = {name: None if symbols == [""] else symbols for name, symbols in chosen.items()}
    return {
        **({"symbols": list(exchange.symbols)} if exchange.symbols else {}),
        "channels": channels,
        "websocket_url": _shown(exchange.websocket_url or exchange.exchange.websocket_url),
        "rest_url": _shown(exchange.rest_url or exchange.exchange.rest_url),
    }


def _holds_secrets(path: Path, config: Config) -> bool:
    alerts = config.alerts
    keys = [config.sync.access_key, config.sync.secret_key, *alerts.urls, alerts.dead_mans_ping]
    content = path.read_text(encoding="utf-8-sig")
    return any(key is not None and key.get_secret_value() in content for key in keys)


def _shown(url: str | None) -> str | None:
    """A URL without its query, which may contain tokens. (URLs with a user or a password are refused.)"""
    if url is None:
        return None
    place, mark, _ = url.partition("?")
    return f"{place}?{MASK}" if mark else place
