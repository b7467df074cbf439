"""picows on uvloop, doing nothing with the messages: what waking up for a message costs at least.

python with_picows.py URL COUNT
"""

from __future__ import annotations

import sys
import time

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect


class Counting(WSListener):  # type: ignore[misc]
    """Counts messages. The first one answers the subscription."""

    def __init__(self, count: int) -> None:
        self.left = count + 1
        self.begun = 0.0

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.TEXT, b'{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}')

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        if not self.begun:
            self.begun = time.process_time()
        self.left -= 1
        if not self.left:
            print("done", time.process_time() - self.begun, flush=True)
            transport.disconnect()


async def receive(url: str, count: int) -> None:
    transport, _ = await ws_connect(lambda: Counting(count), url)
    await transport.wait_disconnected()


uvloop.run(receive(sys.argv[1], int(sys.argv[2])))
