"""The yardstick: a client that receives messages and does nothing with them.

    python bare.py URL COUNT

websockets' asyncio client on asyncio's own loop, as its documentation shows it. Prints "done" and its
CPU seconds between the subscription and the last message.
"""

from __future__ import annotations

import asyncio
import sys
import time

from websockets.asyncio.client import connect


async def receive(url: str, count: int) -> float:
    async with connect(url, compression=None, max_size=None) as connection:
        await connection.send('{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}')
        await connection.recv(decode=False)
        before = time.process_time()
        for _ in range(count):
            await connection.recv(decode=False)
        return time.process_time() - before


print("done", asyncio.run(receive(sys.argv[1], int(sys.argv[2]))), flush=True)
