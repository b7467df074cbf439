"""cryptofeed's Binance feed on asyncio with uvloop, its books kept, its callbacks doing nothing.

    python with_cryptofeed.py URL COUNT

Runs in the environment that cryptofeed is installed in. Its endpoint is the benchmark's exchange, its symbols
are told instead of asked for, and the book's snapshot is empty and ends right before the first update.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import uvloop
from cryptofeed import FeedHandler, connection
from cryptofeed.connection import WebsocketEndpoint
from cryptofeed.defines import L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Binance
from cryptofeed.symbols import Symbols
from cryptofeed.types import OrderBook

websockets_connect = connection.connect


class Counted(Binance):  # type: ignore[misc]
    """Binance, with the messages counted."""

    websocket_endpoints = (WebsocketEndpoint(sys.argv[1].replace("ws://", "wss://")),)
    seen = 0
    begun = 0.0

    async def message_handler(self, msg: Any, conn: Any, timestamp: float) -> None:
        if self.seen == 0:
            self.begun = time.process_time()
        self.seen += 1
        self.now = msg
        await super().message_handler(msg, conn, timestamp)
        if self.seen == int(sys.argv[2]):
            print("done", time.process_time() - self.begun, flush=True)
            os._exit(0)

    async def _snapshot(self, pair: str) -> None:
        name = self.exchange_symbol_to_std_symbol(pair)
        first = int(self.now.partition('"U":')[2].partition(",")[0])
        self.last_update_id[name] = first - 1
        self._l2_book[name] = OrderBook(self.id, name, bids={}, asks={})


def connect(address: str, **options: Any) -> Any:
    """It takes no address but a secure one: the exchange on loopback is none."""
    return websockets_connect(address.replace("wss://", "ws://"), **options)


async def nothing(*_: object) -> None:
    pass


def main() -> None:
    connection.connect = connect
    Symbols.set(
        Binance.id, {"BTC-USDT": "BTCUSDT"}, {"instrument_type": {"BTC-USDT": "spot"}, "tick_size": {}}
    )
    handler = FeedHandler(config={"uvloop": True, "log": {"filename": os.devnull, "level": "ERROR"}})
    asyncio.set_event_loop(uvloop.new_event_loop())  # it set the policy, and asks for the current loop
    callbacks = {TRADES: nothing, L2_BOOK: nothing, TICKER: nothing}
    handler.add_feed(Counted(symbols=["BTC-USDT"], channels=list(callbacks), callbacks=callbacks))
    handler.run()


main()
