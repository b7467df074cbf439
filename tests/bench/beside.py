"""The other workers' work without a pause, until killed: raw files are made, normalized and uploaded.

python beside.py DIRECTORY
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from messages import messages
from storing import store

from daedalus.store import Layout
from daedalus.sync import SyncSettings, sync_once

ROWS = 20_000
START_NS = 1_795_400_000_000_000_000

payloads, _ = messages(ROWS)
stamped = [(START_NS + number * 500_000, payload) for number, payload in enumerate(payloads)]
for turn in count():
    directory = Path(sys.argv[1]) / str(turn)
    store("binance", stamped, directory)
    sync_once(Layout(directory), SyncSettings(target=str(directory / "lake")))
