"""The demonstration: record a simulated exchange (or a real one) end to end, then show the result.

It runs the ordinary workers with an ordinary configuration. Only the segments are small and sync looks often,
so that files pass through all stages within half a minute.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from rich.console import Console
from rich.text import Text

from ..config import load_config, parse_config
from ..errors import FAILED
from ..lake import open_lake
from ..lake.audit import audit
from ..simulator import EXCHANGES as SIMULATED
from ..simulator import Simulator, SimulatorOptions
from ..storage.settings import StorageSettings
from .children import Child
from .demo_directory import CONFIG, claimed, clear
from .foreground import RUN, ensure_free, run_all
from .lake_summary import show_query, show_sizes, show_verdicts, table_sizes

__all__ = ["run_demo"]

SIMULATED_RATE = 2000
CONNECT_SECONDS = 15.0
HEAD = "# Written by `daedalus demo`{}.\n"


def run_demo(
    console: Console,
    data_dir: Path,
    exchange: str,
    symbols: Sequence[str],
    *,
    live: bool,
    duration: float | None,
) -> int:
    """Record into ``data_dir`` and show the lake; returns the exit code.

    The recording of an earlier demonstration is deleted first, unless ``live`` records the real exchange.
    ``symbols``: empty means the exchange's usual ones. ``duration``: seconds; None runs until Ctrl-C. Raises
    `ConfigError` or `SimulatorError` for what cannot be recorded and for a directory with other content,
    `AlreadyRunningError` if another instance runs there; nothing is changed then.
    """
    symbols = symbols or SIMULATED[exchange].usual_symbols
    port = None if live else _free_port()
    text = _configuration(exchange, symbols, port)
    parse_config(text.encode(), CONFIG)
    if not live:
        Simulator(SimulatorOptions(exchange=exchange, symbols=tuple(symbols), rate=SIMULATED_RATE))
    with claimed(data_dir) as layout:
        ensure_free(layout, (RUN, f"ingest-{exchange}", "normalize", "sync", "watchdog"))
        if not live:
            clear(layout)
        config_path = data_dir / CONFIG
        config_path.write_text(text, encoding="utf-8")
        if port is None:
            return _record(console, config_path, duration)
        return _simulated(console, config_path, exchange, symbols, port, duration)


def _simulated(
    console: Console,
    config_path: Path,
    exchange: str,
    symbols: Sequence[str],
    port: int,
    duration: float | None,
) -> int:
    os.environ["no_proxy"] = "*"  # everything runs on this machine
    options = ("--port", str(port), "--symbols", ",".join(symbols), "--rate", str(SIMULATED_RATE))
    simulator = Child("simulate", ("simulate", exchange, *options), config_path.parent / "logs")
    simulator.start()
    try:
        if not _listening(port, simulator):
            why = simulator.trouble() or f"see {simulator.log_path}"
            console.print(Text(f"The simulated exchange did not start: {why}", style="red"), soft_wrap=True)
            return FAILED
        console.print(f"A simulated {exchange} runs on 127.0.0.1:{port}, {SIMULATED_RATE:,} messages/s.")
        return _record(console, config_path, duration)
    finally:
        simulator.ask_to_stop()
        simulator.wait(5.0)


def _record(console: Console, config_path: Path, duration: float | None) -> int:
    config = load_config(config_path)
    code = run_all(config, config_path, console=console, duration=duration)
    directory = config_path.parent
    lake = directory / "lake"
    sizes = table_sizes(lake) if lake.is_dir() else []
    if not any(table.rows for table in sizes):
        console.print(Text(f"The lake is empty: {lake}", style="red"), soft_wrap=True)
        return code or FAILED
    show_sizes(console, sizes)
    report = audit(open_lake(StorageSettings(target=str(lake))))
    show_verdicts(console, report)
    if any(table.name == "trades" and table.rows for table in sizes):
        show_query(console, lake)
    console.print(
        f"\nlake: {lake}   configuration: {config_path}   logs: {directory / 'logs'}", soft_wrap=True
    )
    return code or (0 if report.sound else FAILED)


def _configuration(exchange: str, symbols: Sequence[str], port: int | None) -> str:
    about: dict[str, object] = {"symbols": list(symbols)}
    if port is not None:
        about |= {"websocket_url": f"ws://127.0.0.1:{port}", "rest_url": f"http://127.0.0.1:{port}"}
    settings = {
        "data_dir": ".",
        "exchanges": {exchange: about},
        "writer": {"segment_max_mb": 0.2, "min_free_mb": 100},
        "sync": {"interval_seconds": 2},
    }
    head = HEAD.format("" if port is None else "; its simulated exchange has ended")
    return head + yaml.safe_dump(settings, sort_keys=False)


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
