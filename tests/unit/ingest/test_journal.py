"""The notes of a recorder, byte for byte: stored files hold them, and every later version reads them."""

from __future__ import annotations

import os

from daedalus import __version__, host
from daedalus.exchanges.model import Missing, Subscription
from daedalus.ingest.journal import Journal
from daedalus.store.raw import RawRecord

STREAM_NAMES = ("trade", "BTCUSDT")
STREAM = Subscription(*STREAM_NAMES)


def test_each_note_is_written_with_these_keys_in_this_order() -> None:
    rows: list[RawRecord] = []
    journal = Journal("run-0", rows.append)
    journal.opened(1, "wss://here")
    journal.subscribed(STREAM, "start", None)
    journal.subscribed(STREAM, "crash", 7)
    journal.served(2, STREAM, "answer")
    journal.fell_silent(STREAM, 8)
    journal.lost(3, STREAM, 5, 2)
    journal.no_book("depth", "BTCUSDT", 4, "HTTP 429")
    journal.resolved(Missing("trade", "BTCUSDT", 3, 9, 1, 2), "filled", "GET /trades")
    journal.resolved(Missing("trade", "BTCUSDT", None, None, 1, 2), "open", "no answer")
    journal.clock_stepped(-500)
    journal.closed([STREAM], "disconnect", 'said "bye"', 9)
    process = f'"boot_id":"{host.boot_id()}","pid":{os.getpid()},"version":"{__version__}"'
    assert [(row.kind, row.channel, row.symbol, row.payload.decode()) for row in rows] == [
        ("open", "_connection", "", '{"url":"wss://here",' + process + "}"),
        ("subscribed", *STREAM_NAMES, '{"cause":"start","since_ns":null,"served":false}'),
        ("subscribed", *STREAM_NAMES, '{"cause":"crash","since_ns":7,"served":false}'),
        ("served", *STREAM_NAMES, '{"by":"answer"}'),
        ("unsubscribed", *STREAM_NAMES, '{"cause":"silence","heard_ns":8,"silent":true}'),
        ("subscribed", *STREAM_NAMES, '{"cause":"silence","since_ns":8,"served":false,"silent":true}'),
        ("lost", *STREAM_NAMES, '{"missing":5,"from_ns":2}'),
        ("no_book", "depth", "BTCUSDT", '{"since_ns":4,"reason":"HTTP 429"}'),
        (
            "gap",
            *STREAM_NAMES,
            '{"status":"filled","note":"GET /trades","first":3,"last":9,"from_ns":1,"to_ns":2}',
        ),
        (
            "gap",
            *STREAM_NAMES,
            '{"status":"open","note":"no answer","first":null,"last":null,"from_ns":1,"to_ns":2}',
        ),
        ("clock", "_connection", "", '{"step_ns":-500}'),
        ("unsubscribed", *STREAM_NAMES, '{"cause":"disconnect","heard_ns":9}'),
        ("close", "_connection", "", '{"cause":"disconnect","reason":"said \\"bye\\""}'),
    ]
    assert [row.seq for row in rows] == list(range(len(rows)))
