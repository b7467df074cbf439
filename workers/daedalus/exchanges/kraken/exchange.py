"""Kraken spot, websocket v2: trades with consecutive ids, books proved by checksums.

Protocol: docs.kraken.com, exchange/api-reference/spot-websocket-v2. Books are not numbered: each message,
also the snapshot on the stream, carries a CRC-32 of the ten best levels of both sides. Acknowledgements
come one per symbol; refusals name the symbol, but not always. Tokenized stocks are recorded too: AAPLx/USD.
No key is needed.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .book import KrakenBook
from .messages import KrakenMessages
from .requests import DEPTH, KrakenRequests
from .rest import KrakenRest

__all__ = ["KRAKEN"]

KRAKEN = Exchange(
    name="kraken",
    title="Kraken spot, v2",
    symbol_marks="-_.:/",
    websocket_url="wss://ws.kraken.com/v2",
    rest_url="https://api.kraken.com",
    rest_limit=RestLimit(weight_per_minute=60, interval_seconds=1.0),
    connect_interval_seconds=4.0,  # 150 attempts in ten minutes
    channels={
        "trade": Channel("trades", Proof.IDS, history=History.TIME),
        "book": Channel(
            "book_updates",
            Proof.CHECKSUM,
            snapshot="stream",
            checksums=True,
            lossy=f"only the best {DEPTH} levels of each side; the checksum proves the best 10",
            depth=DEPTH,
        ),
        "ticker": Channel("quotes"),
    },
    requests=KrakenRequests(),
    messages=KrakenMessages(),
    rest=KrakenRest(),
    checked_book=lambda symbol, state: KrakenBook(symbol, DEPTH, state),
)
