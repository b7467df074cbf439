"""The recordings of real exchanges, where they are at hand: what came over the wire, and when."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

__all__ = ["FOLDER", "RECORDINGS", "read_recording"]

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "recordings"

RECORDINGS = (
    ("binance", "BINANCE-spot-btcusdt.gz"),
    ("binance_futures", "BINANCE_FUTURES-btcusdt.gz"),
    ("bitfinex", "BITFINEX.ws.11.0"),
    ("bitstamp", "BITSTAMP.ws.1.0"),
    ("coinbase_exchange", "COINBASE.ws.28.0"),
    ("deribit", "DERIBIT.ws.1.0"),
    ("okx", "OKX.ws.1.0"),
)
"""Exchange and file."""


def read_recording(name: str) -> list[tuple[int, bytes]]:
    """Receive time (UTC ns) and message, in their order; empty where the recording is not here.

    In Binance's one message is the snapshot over REST.
    """
    path = FOLDER / name
    return list(_lines(path)) if path.exists() else []


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in content.splitlines():
        stamp, _, payload = line.partition(b" ")
        if path.suffix == ".gz":
            yield int(stamp), payload
        elif stamp.endswith(b":") and stamp[:1].isdigit():
            yield int(float(stamp[:-1]) * 1e9), payload
