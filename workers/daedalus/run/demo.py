"""The first minute: record a simulated venue (or a real one) end to end, then show what is there.

It writes an ordinary configuration and runs the ordinary workers on it. Only the segments are small
and sync is eager, so that a file's whole way can be watched in half a minute.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from rich.console import Console

from ..config import load_config
from ..exchanges import VENUES
from ..lake.audit import audit
from ..lake.show import show_query, show_sizes, show_verdicts
from ..lake.source import open_lake
from ..lake.summary import table_sizes
from ..simulator import VENUES as SIMULATED
from ..sync.settings import SyncSettings
from .children import Child
from .foreground import run_all

__all__ = ["run_demo"]

SIMULATED_RATE = 2000
CONNECT_SECONDS = 15.0


def run_demo(
    console: Console,
    data_dir: Path,
    exchange: str,
    symbols: Sequence[str],
    *,
    live: bool,
    duration: float | None,
) -> int:
    """Record into ``data_dir`` and show the lake that came of it; the exit code.

    Simulated, the directory is emptied before: it holds nothing but an earlier demonstration. ``live``
    records the real venue, into what is there already. ``symbols``: none means the venue's usual ones.
    ``duration``: seconds, None until Ctrl-C.
    """
    symbols = symbols or SIMULATED[exchange].usual_symbols
    if live:
        return _record(console, data_dir, exchange, symbols, None, duration)
    shutil.rmtree(data_dir, ignore_errors=True)
    os.environ["no_proxy"] = "*"  # all is on this machine
    port = _free_port()
    options = ("--port", str(port), "--symbols", ",".join(symbols), "--rate", str(SIMULATED_RATE))
    simulator = Child("simulate", ("simulate", exchange, *options), data_dir / "logs")
    simulator.start()
    try:
        if not _listening(port, simulator):
            console.print(f"The simulated venue did not start; see {simulator.log_path}", style="red")
            return 1
        console.print(f"A simulated {exchange} runs on 127.0.0.1:{port}, {SIMULATED_RATE:,} messages/s.")
        return _record(console, data_dir, exchange, symbols, port, duration)
    finally:
        simulator.ask_to_stop()
        simulator.wait(5.0)


def _record(
    console: Console,
    data_dir: Path,
    exchange: str,
    symbols: Sequence[str],
    port: int | None,
    duration: float | None,
) -> int:
    config_path = _write_config(data_dir, exchange, symbols, port)
    config = load_config(config_path)
    code = run_all(config, config_path, console=console, duration=duration)
    lake = data_dir / "lake"
    if not lake.is_dir():
        console.print(f"Nothing was recorded; the workers' logs in {data_dir / 'logs'} say why.", style="red")
        return 1
    sizes = table_sizes(lake)
    show_sizes(console, sizes)
    report = audit(open_lake(SyncSettings(target=str(lake))))
    show_verdicts(console, report)
    if any(table.name == "trades" and table.rows for table in sizes):
        show_query(console, lake)
    console.print(
        f"\nThe lake: {lake}   the configuration: {config_path}   logs: {data_dir / 'logs'}", soft_wrap=True
    )
    return code or int(not report.sound)


def _write_config(data_dir: Path, exchange: str, symbols: Sequence[str], port: int | None) -> Path:
    channels = [name for name, channel in VENUES[exchange].channels.items() if channel.per_symbol]
    about: dict[str, object] = {"symbols": list(symbols), "channels": channels}
    if port is not None:
        about |= {"websocket_url": f"ws://127.0.0.1:{port}", "rest_url": f"http://127.0.0.1:{port}"}
    settings = {
        "data_dir": str(data_dir),
        "exchanges": {exchange: about},
        "writer": {"segment_max_mb": 0.2, "min_free_mb": 100},
        "sync": {"interval_seconds": 2},
    }
    path = data_dir / "config.yaml"
    data_dir.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listening(port: int, simulator: Child) -> bool:
    ends_at = time.monotonic() + CONNECT_SECONDS
    while time.monotonic() < ends_at and simulator.alive:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False
