"""The table of what is fuzzed: who reads, what to begin with, and how inputs are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct

from daedalus.exchanges import EXCHANGES
from fuzz import exchanges as exchanges
from fuzz import files, lakes, network, seeds

__all__ = ["TARGETS", "Target"]


class Target(Struct, frozen=True):
    """``read`` returns where all went as it should, and raises where it did not.

    ``words``: what an input is made of, where chance would not find it, with bars between them.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    is_json: bool = False
    words: str = ""


HTTP_WORDS = (
    "\r\n\r\n|\r\n|HTTP/1.1 |200 OK|100 Continue|302 Found|429 Slow|204 None|500 ?|Retry-After: |X-Used: |"
    "Location: |Content-Length: |Transfer-Encoding: chunked|http://[|https://|ftp://|file:///|127.0.0.1|\u00b2|"
    "-1|99999999999999999999"
)
YAML_WORDS = (
    "exchanges|symbols|channels|data_dir|sync|target|writer|log|alerts|urls|s3://|: |- |{|}|[|]|&a |*a|!!|"
    "<<: |>-\n|\"|'|\\u0000|---\n|\t|\n  |# |../|~|0x1|1:30|.inf|.nan|yes|null|? "
)

TARGETS = {
    target.name: target
    for target in (
        *(
            Target(name, exchanges.exchange_reader(name), partial(seeds.of_exchange, name), is_json=True)
            for name in sorted(EXCHANGES)
        ),
        Target("frames", network.frames, seeds.wires),
        Target("http-answer", network.http_answer, seeds.answers, words=HTTP_WORDS),
        Target("active-file", files.active_file, seeds.active_files),
        Target("sealed-file", files.sealed_file, seeds.sealed_files),
        Target("lake-file", lakes.lake_file, lakes.whole_files),
        Target("notes", files.notes, seeds.note_rows, is_json=True),
        Target("checkpoint", files.checkpoint_file, seeds.checkpoints, is_json=True),
        Target("status", files.status_file, seeds.statuses, is_json=True),
        Target("watchdog", files.watchdog_file, seeds.watchdog_states, is_json=True),
        Target("configuration", files.configuration, seeds.configurations, words=YAML_WORDS),
        Target("file-name", files.file_name, seeds.file_names),
        Target("recorded", files.recorded("binance"), seeds.recorded_lines),
    )
}
