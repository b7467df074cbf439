"""Bad configurations, and the exact message that each gets."""

from __future__ import annotations

import pytest

from daedalus.config import ConfigError, parse_config
from daedalus.exchanges import EXCHANGES

GOOD = "exchanges: {binance: {symbols: [BTCUSDT]}}\n"
WRITER = "queue_maxsize, batch_size, batch_bytes, flush_interval_seconds, segment_max_mb, min_free_mb"

CASES: dict[str, tuple[str, str]] = {
    "an empty file": (
        "# nothing\n",
        "f:1: the file is empty. Write at least exchanges: {binance: {symbols: [BTCUSDT]}}.",
    ),
    "a list at the top": (
        "\n- exchanges\n",
        "f:2: expected a mapping at the top, got a list. Write exchanges: without a dash.",
    ),
    "no exchanges": (
        "data_dir: data\n",
        "f:1 exchanges: is missing. Write exchanges: {binance: {symbols: [BTCUSDT]}}.",
    ),
    "exchanges without an entry": (
        "exchanges: {}\n",
        "f:1 exchanges: expected at least one exchange, got none. "
        "Write exchanges: {binance: {symbols: [BTCUSDT]}}.",
    ),
    "exchanges as a list": (
        "exchanges: [binance]\n",
        "f:1 exchanges: expected a mapping, got a list. "
        "Write its keys below it, indented, each with a space after its colon.",
    ),
    "a string for symbols": (
        "exchanges:\n  binance:\n    symbols: BTCUSDT\n",
        "f:3 exchanges.binance.symbols: expected a list of strings, got 'BTCUSDT'. Write [BTCUSDT].",
    ),
    "symbols with commas in one string": (
        "exchanges: {binance: {symbols: 'BTCUSDT, ETHUSDT'}}\n",
        "f:1 exchanges.binance.symbols: expected a list of strings, got 'BTCUSDT, ETHUSDT'. "
        "Write [BTCUSDT, ETHUSDT].",
    ),
    "no symbols": (
        "exchanges:\n  binance:\n    channels: [depth]\n",
        "f:2 exchanges.binance.symbols: is missing, and channel 'depth' needs it. Write symbols: [BTCUSDT].",
    ),
    "an empty list of symbols": (
        "exchanges: {binance: {symbols: []}}\n",
        "f:1 exchanges.binance.symbols: expected a list with at least one entry, got an empty one. "
        "Write [BTCUSDT].",
    ),
    "a currency of funding": (
        "exchanges: {bitfinex: {symbols: [tBTCUSD, fUSD]}}\n",
        "f:1 exchanges.bitfinex.symbols[1]: fUSD is a currency of funding, and funding is not recorded. "
        "Write tBTCUSD.",
    ),
    "an option where options are not recorded": (
        "exchanges: {bybit: {channels: {publicTrade: [BTC-28AUG26-70000-C]}}}\n",
        "f:1 exchanges.bybit.channels.publicTrade[0]: BTC-28AUG26-70000-C is of options, and options are not "
        "recorded. Write for example BTCUSDT.",
    ),
    "NO, which YAML takes for a boolean": (
        "exchanges:\n  binance:\n    symbols:\n      - BTCUSDT\n      - NO\n",
        'f:5 exchanges.binance.symbols[1]: expected text, got the boolean NO. Quote it: "NO".',
    ),
    "a number for a symbol": (
        "exchanges: {binance: {symbols: [1000]}}\n",
        'f:1 exchanges.binance.symbols[0]: expected text, got the number 1000. Quote it: "1000".',
    ),
    "a slash in a symbol": (
        "exchanges: {binance: {symbols: [BTC/USDT]}}\n",
        "f:1 exchanges.binance.symbols[0]: expected a symbol of letters, digits and -_.: only, "
        "got 'BTC/USDT'. Write it as the exchange does, for example BTCUSDT.",
    ),
    "a control character in a symbol": (
        'exchanges: {binance: {symbols: ["BTC\\nUSDT"]}}\n',
        "f:1 exchanges.binance.symbols[0]: expected a symbol of letters, digits and -_.: only, "
        r"got 'BTC\nUSDT'. Write it as the exchange does, for example BTCUSDT.",
    ),
    "an unknown exchange": (
        "exchanges:\n  binanse: {symbols: [BTCUSDT]}\n",
        "f:2 exchanges.binanse: unknown exchange 'binanse'. Did you mean 'binance'? "
        f"Known are {', '.join(EXCHANGES)}.",
    ),
    "an unknown channel in a list": (
        "exchanges: {binance: {symbols: [BTCUSDT], channels: [trades]}}\n",
        "f:1 exchanges.binance.channels[0]: unknown channel 'trades'. Did you mean 'trade'? "
        "Known are trade, aggTrade, depth, bookTicker.",
    ),
    "an unknown channel in a mapping": (
        "exchanges:\n  binance:\n    channels:\n      dept: [BTCUSDT]\n",
        "f:4 exchanges.binance.channels.dept: unknown channel 'dept'. Did you mean 'depth'? "
        "Known are trade, aggTrade, depth, bookTicker.",
    ),
    "a name below an exchange": (
        "exchanges: {binance: {symbols: [BTCUSDT], name: coinbase_exchange}}\n",
        "f:1 exchanges: 'binance' holds name: coinbase_exchange. "
        "Remove the name; the key is the exchange's name.",
    ),
    "an unknown key": (
        GOOD + "writer:\n  batchsize: 5\n",
        f"f:3 writer.batchsize: unknown key. Did you mean 'batch_size'? Known are {WRITER}.",
    ),
    "an unknown section": (
        GOOD + "synch: {}\n",
        "f:2 synch: unknown key. Did you mean 'sync'? "
        "Known are data_dir, exchanges, writer, normalize, sync, memory, alerts, log.",
    ),
    "a number in quotes": (
        GOOD + "writer: {batch_size: '1000'}\n",
        "f:2 writer.batch_size: expected a whole number, got '1000'. Write 1000, without quotes.",
    ),
    "a number that begins with 0": (
        GOOD + "writer: {batch_size: 010}\n",
        "f:2 writer.batch_size: expected a whole number, got '010'. Write 10, without quotes.",
    ),
    "a number without its dot": (
        GOOD + "normalize: {interval_seconds: 1e1}\n",
        "f:2 normalize.interval_seconds: expected a number, got '1e1'. Write 10, without quotes.",
    ),
    "a number that is too small": (
        GOOD + "writer: {flush_interval_seconds: 0}\n",
        "f:2 writer.flush_interval_seconds: expected a number above 0, got the number 0. The default is 5.0.",
    ),
    "a number with nothing after its colon": (
        GOOD + "writer:\n  batch_size:\n",
        "f:3 writer.batch_size: expected a whole number, got nothing. The default is 1000.",
    ),
    "a boolean in quotes": (
        GOOD + "sync: {include_raw: 'yes'}\n",
        "f:2 sync.include_raw: expected true or false, got 'yes'. Write yes, without quotes.",
    ),
    "a value where a section belongs": (
        GOOD + "sync: s3://bucket\n",
        "f:2 sync: expected a mapping, got a single value. "
        "Write its keys below it, indented, each with a space after its colon.",
    ),
    "an unknown level": (
        GOOD + "log: {level: WARN}\n",
        "f:2 log.level: expected 'debug', 'info', 'warning' or 'error', got 'WARN'. Write warning.",
    ),
    "warning after the restart": (
        GOOD + "memory: {warn_mb: 2000}\n",
        "f:2 memory: warn_mb must be below restart_mb, got 2000 and 1800. "
        "Write warn_mb: 1200 or a larger restart_mb.",
    ),
    "a path for the target": (
        GOOD + "sync: {target: /mnt/lake}\n",
        "f:2 sync.target: expected a URL, got '/mnt/lake'. Write file:///mnt/lake.",
    ),
    "a relative path in the target": (
        GOOD + "sync: {target: 'file://lake'}\n",
        "f:2 sync.target: expected an absolute path after file://, got 'file://lake'. Write file:///lake.",
    ),
    "no bucket in the target": (
        GOOD + "sync: {target: 's3://'}\n",
        "f:2 sync.target: expected a bucket after s3://, got 's3://'. Write s3://bucket/prefix.",
    ),
    "http for a websocket": (
        "exchanges: {binance: {symbols: [BTCUSDT], websocket_url: 'http://127.0.0.1'}}\n",
        "f:1 exchanges.binance.websocket_url: expected a URL that begins with ws:// or wss://, "
        "got 'http://127.0.0.1'. Write for example ws://127.0.0.1:9001.",
    ),
    "a port that is none": (
        "exchanges: {binance: {symbols: [BTCUSDT], rest_url: 'http://127.0.0.1:99999'}}\n",
        "f:1 exchanges.binance.rest_url: expected a URL that begins with http:// or https://, "
        "got 'http://127.0.0.1:99999'. Write for example http://127.0.0.1:9001.",
    ),
    "half of a pair of keys": (
        GOOD + "sync: {access_key: AKIA}\n",
        "f:2 sync: access_key is given, secret_key is not. Give both, or neither for the AWS_* environment.",
    ),
    "a key given twice": (
        GOOD + "log: {}\nlog: {}\n",
        "f:3 log: the key is given twice, first in line 2. Keep one of the two.",
    ),
    "a list for a key": (
        GOOD + "? [a, b]\n: c\n",
        "f:2: a key must be a word, not a list or a mapping. Write key: value.",
    ),
    "a tab": (
        "exchanges:\n\tbinance:\n",
        "f:2: a tab stands where YAML wants spaces. Write spaces instead.",
    ),
    "an indent too far": (
        "data_dir: data\n  log: {}\n",
        "f:2: a second ': ' stands in one line, or the line is indented too far. "
        "Quote a value that contains ': ', and align the keys of one mapping.",
    ),
    "an indent that fits nothing": (
        "exchanges:\n    binance: {}\n  coinbase_exchange: {}\n",
        "f:3: the line does not align with the ones above it. Indent all keys of one mapping equally.",
    ),
    "no colon": (
        "data_dir: data\nexchanges\nlog: {}\n",
        "f:3: a key has no colon after it. Write key: value, with a space after the colon.",
    ),
    "an open bracket": (
        "exchanges: {binance: {symbols: [BTCUSDT}}\n",
        "f:1: a bracket is opened and not closed, or a comma is missing. Close it.",
    ),
    "an open quote": (
        'data_dir: "data\n',
        "f:2: a quote is opened and not closed. Close it.",
    ),
    "an alias": (
        GOOD + "data_dir: *here\n",
        "f:2: aliases and anchors (a leading * or &) are not allowed. "
        "Write the value out, in quotes if it is meant literally.",
    ),
    "a tag": (
        GOOD + "data_dir: !!python/object/apply:os.system [true]\n",
        "f:2: tags (words with a leading !) are not allowed. "
        "Write the value out, in quotes if it is meant literally.",
    ),
    "two documents": (
        GOOD + "---\n" + GOOD,
        "f:2: this is not valid YAML: but found another document. Look at this line and the one above it.",
    ),
    "a control character": (
        GOOD + "data_dir: a\x07b\n",
        "f:2: the character U+0007 is not allowed in YAML. Remove it.",
    ),
    "half a character": (
        GOOD + 'data_dir: "\\ud83d"\n',
        "f:2 data_dir: an escape here names half a character. Write the character itself.",
    ),
    "half a character in a key": (
        GOOD + 'log: {"\\udfff": 1}\n',
        "f:2 log: an escape here names half a character. Write the character itself.",
    ),
    "all symbols": (
        "exchanges: {binance: {symbols: [all]}}\n",
        "f:1 exchanges.binance.symbols[0]: 'all' is not a symbol. "
        "Name each one, for example [BTCUSDT, ETHUSDT].",
    ),
    "all symbols of a channel": (
        "exchanges: {binance: {symbols: [BTCUSDT], channels: {trade: [ALL]}}}\n",
        "f:1 exchanges.binance.channels.trade[0]: 'all' is not a symbol. "
        "Name each one, for example [BTCUSDT, ETHUSDT].",
    ),
    "a ping that is no URL": (
        GOOD + "alerts: {dead_mans_ping: hc-ping.com/uuid}\n",
        "f:2 alerts.dead_mans_ping: expected a URL that begins with http:// or https://, got something else, "
        "which is not shown. Write for example https://hc-ping.com/your-uuid.",
    ),
    "a region that is none": (
        GOOD + "sync: {region: ''}\n",
        "f:2 sync.region: expected letters, digits and dashes, got ''.",
    ),
    "no text for the data directory": (
        GOOD + "data_dir: ' '\n",
        "f:2 data_dir: expected a path, got ' '. Write for example data or /var/lib/daedalus.",
    ),
    "one alert URL that is no list": (
        GOOD + "alerts: {urls: tgram}\n",
        "f:2 alerts.urls: expected a list of strings, got another value, which is not shown. "
        'Write a list: ["…"].',
    ),
    "an alert URL without a scheme": (
        GOOD + "alerts: {urls: [hunter2hunter2]}\n",
        "f:2 alerts.urls[0]: expected a URL of apprise, got something else, which is not shown. Write for "
        'example "ntfy://ntfy.sh/my-topic" or "mailto://user:password@example.org".',
    ),
}


@pytest.mark.parametrize(("text", "message"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_with_its_line_its_key_and_its_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "f")
    assert str(caught.value) == message


def test_what_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(GOOD.encode() + "# Zürich".encode("latin-1"), "f")
    assert str(caught.value) == "f:2: byte 0xfc is not UTF-8. Save the file as UTF-8."


def test_all_errors_of_a_file_are_shown_at_once_by_line() -> None:
    text = (
        "log: {level: loud}\n"
        "exchanges:\n"
        "  binance:\n"
        "    symbols: [NO, a b]\n"
        "    channels: [trad]\n"
        "  nobody: {symbols: [BTC]}\n"
        "writer: {batchsize: 1, batch_size: x}\n"
    )
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "f")
    assert [problem.line for problem in caught.value.problems] == [1, 4, 4, 5, 6, 7, 7]
