"""The benchmark's exchange: a raw-socket websocket server that costs next to nothing itself.

    python exchange.py MESSAGES RATE COUNT

It answers Binance's handshake and subscription (one that stands in the URL needs no answer), waits for
a line on stdin, then sends the messages of a file, one per line, over and over until COUNT: as fast
as the client reads (RATE 0, in 16 KiB pieces), or RATE per second, each with a send of its own, which is
what a recorder lives with. On stdout it prints its port, then "subscribed", then "sent"; the times of the
sends go to MESSAGES.sent (UTC ns, binary int64).
"""

from __future__ import annotations

import array
import base64
import contextlib
import hashlib
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PIECE_BYTES = 16 * 1024
TEXT, PING = 0x1, 0x9
SENDING = threading.Lock()


def frame(payload: bytes) -> bytes:
    """One unmasked text frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return bytes((0x81, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x81, 127)) + size.to_bytes(8, "big") + payload


def accept(listener: socket.socket) -> tuple[socket.socket, bool]:
    """The first websocket client, and whether its URL says what it wants.

    Plain GETs (a recorder asking for a book) are refused on the way.
    """
    while True:
        connection, _ = listener.accept()
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        headers = dict(line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
        key = {name.lower(): value for name, value in headers.items()}.get(b"sec-websocket-key")
        if key is None:
            connection.sendall(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            connection.close()
            continue
        token = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - what the protocol asks for
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        connection.sendall(answer + b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, b"streams=" in request.partition(b"\r\n")[0]


def read_frame(connection: socket.socket) -> tuple[int, bytes]:
    """One masked frame of a client: its opcode and its payload."""
    head = connection.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        raise ConnectionError
    size = head[1] & 0x7F
    if size >= 126:
        size = int.from_bytes(connection.recv(2 if size == 126 else 8, socket.MSG_WAITALL), "big")
    mask = connection.recv(4, socket.MSG_WAITALL)
    masked = connection.recv(size, socket.MSG_WAITALL) if size else b""
    return head[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))


def answer_pings(connection: socket.socket) -> None:
    """What every exchange does, and what a client ends the connection for when it is not done."""
    with contextlib.suppress(OSError):
        while True:
            opcode, payload = read_frame(connection)
            if opcode == PING:
                with SENDING:
                    connection.sendall(bytes((0x8A, len(payload))) + payload)


def flood(connection: socket.socket, frames: Iterator[bytes]) -> None:
    """Send everything, in pieces as a busy network delivers them."""
    piece = bytearray()
    for each in frames:
        piece += each
        if len(piece) >= PIECE_BYTES:
            with SENDING:
                connection.sendall(piece)
            piece.clear()
    connection.sendall(piece)


def pace(connection: socket.socket, frames: Iterator[bytes], rate: float) -> array.array[int]:
    """Send one by one, open loop; the UTC ns of each send."""
    times = array.array("q")
    start = time.perf_counter()
    for number, each in enumerate(frames):
        due = start + number / rate
        while (left := due - time.perf_counter()) > 0:
            time.sleep(left)
        times.append(time.time_ns())
        with SENDING:
            connection.sendall(each)
    return times


def main() -> None:
    path, rate, count = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    frames = [frame(line) for line in path.read_bytes().splitlines()]
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    connection, subscribed = accept(listener)
    while not subscribed:
        opcode, payload = read_frame(connection)
        if opcode == TEXT:
            request = json.loads(payload)
            connection.sendall(frame(json.dumps({"result": None, "id": request["id"]}).encode()))
            subscribed = True
    threading.Thread(target=answer_pings, args=(connection,), daemon=True).start()
    print("subscribed", flush=True)
    sys.stdin.readline()
    stream = islice(cycle(frames), count)
    if rate:
        path.with_suffix(".sent").write_bytes(pace(connection, stream, rate).tobytes())
    else:
        flood(connection, stream)
    print("sent", flush=True)
    listener.settimeout(0.2)
    # Until told to end, keep refusing books: a recorder goes on asking.
    while True:
        with contextlib.suppress(OSError):
            other, _ = listener.accept()
            other.close()


if __name__ == "__main__":
    main()
