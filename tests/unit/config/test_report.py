"""What `config check` and `config show` say."""

from __future__ import annotations

from pathlib import Path

from daedalus.config import load_config, parse_config
from daedalus.config.report import as_json, effective, summary, warnings

TEXT = (
    "data_dir: /data\n"
    "exchanges:\n"
    "  binance: {symbols: [BTCUSDT, ETHUSDT], channels: [trade, depth]}\n"
    "  coinbase_exchange: {channels: {status: , matches: [BTC-USD]}}\n"
)


def test_the_summary_counts_symbols_streams_and_connections() -> None:
    assert summary(parse_config(TEXT.encode(), "f")) == [
        "data_dir   /data",
        "binance   trade, depth: 2 symbols, 4 streams, 1 connection",
        "coinbase_exchange   status, matches: 1 symbol, 2 streams, 1 connection",
        "target   file:///data/lake",
    ]


def test_what_is_shown_reads_the_same_again() -> None:
    shown = effective(parse_config(TEXT.encode(), "f"))
    assert effective(parse_config(shown.encode(), "f")) == shown


def test_a_symbol_that_yaml_would_misread_is_shown_in_quotes() -> None:
    shown = effective(parse_config(b'exchanges: {binance: {symbols: ["NO", "1000"]}}', "f"))
    assert "symbols: ['NO', '1000']" in shown


def test_secrets_in_a_file_that_everyone_may_read_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(TEXT + "sync: {target: s3://b, access_key: a1b2, secret_key: c3d4}\n")
    path.chmod(0o644)
    assert warnings(load_config(path), path) == [
        f"{path} holds secrets and everyone may read it. Run: chmod 640 {path}"
    ]
    path.chmod(0o640)
    assert warnings(load_config(path), path) == []


def test_settings_without_effect_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "exchanges: {binance: {symbols: [BTCUSDT], channels: {trade: [ETHUSDT]}}}\n"
        "sync: {region: eu-central-1}\n"
    )
    path.chmod(0o600)
    assert warnings(load_config(path), path) == [
        "exchanges.binance.symbols: no channel records BTCUSDT.",
        "sync.region has no effect on file:// targets.",
    ]


def test_no_token_in_a_url_is_shown() -> None:
    text = (
        "exchanges: {binance: {symbols: [BTCUSDT], websocket_url: 'wss://h/p?token=hunter2',"
        " rest_url: 'https://h?token=hunter2'}}\n"
        "sync: {target: 'abfs://lake/a?sig=hunter2', endpoint_url: 'https://h?sig=hunter2'}\n"
        "alerts: {dead_mans_ping: 'https://hc-ping.com/hunter2'}\n"
    )
    config = parse_config(text.encode(), "f")
    shown = effective(config)
    for text in (shown, "\n".join(summary(config)), as_json(config, []), repr(config.alerts)):
        assert "hunter2" not in text
    for place in ("wss://h/p?", "https://h?", "abfs://lake/a?"):
        assert f"{place}**********" in shown
