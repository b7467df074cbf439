"""Whatever the file holds: a configuration or a `ConfigError`, never anything else, never a secret."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from daedalus.config import Config, ConfigError, parse_config
from daedalus.config.report import effective

SECRET = "hunter2hunter2"

WORDS = st.sampled_from(
    [
        "exchanges",
        "binance",
        "coinbase_exchange",
        "symbols",
        "channels",
        "trade",
        "status",
        "BTCUSDT",
        "sync",
        "target",
        "s3://b",
        "writer",
        "batch_size",
        "alerts",
        "dead_mans_ping",
        "key",
        "secret",
        "name",
        "log",
        "level",
        "NO",
        "websocket_url",
        "ws://[",
        "data_dir",
        "~nobody/x",
        "memory",
        "retention",
        "rest_url",
        "http://h:x",
    ]
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)
LIKE_YAML = st.text(alphabet="ab:- \n\t\"'[]{}#&*!|>%@`?,0.~=<\\", max_size=60)


def read(content: bytes) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(parse_config(content, "f"), Config)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_configuration_or_a_config_error(content: bytes) -> None:
    read(content)


@given(st.text(max_size=200) | LIKE_YAML)
def test_any_text_gives_a_configuration_or_a_config_error(text: str) -> None:
    read(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(TREES)
def test_any_tree_of_known_words_gives_a_configuration_or_a_config_error(tree: object) -> None:
    read(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "text",
    [
        f"sync: {{secret_key: [{SECRET}]}}",
        f"sync: {{secret_key: {{a: {SECRET}}}}}",
        f"sync: {{secret_key: '{SECRET}'}}",
        f"sync: {{secret_key:{SECRET}}}",
        f"sync: secret_key:{SECRET}",
        f"sync: [secret_key, {SECRET}]",
        f"sync: {{target: 's3://key:{SECRET}@bucket'}}",
        f"sync: {{endpoint_url: 'http://key:{SECRET}@host'}}",
        f"sync: {{secret_key: *{SECRET}}}",
        f"sync: {{secret_key: &{SECRET} x}}",
        f"sync: {{secret_key: !{SECRET} x}}",
        f"sync: {{secret_key: !{SECRET}!x y}}",
        f"sync: {{secret_key: '{SECRET}}}",
        f'sync: {{secret_key: "{SECRET}\\q"}}',
        f"sync:\n  secret_key: a: {SECRET}",
        f"sync:\n  secret_key: @{SECRET}",
        f"sync:\n  secret_key: %{SECRET}",
        f"api_keys: {SECRET}",
        f"api_keys: {{binance: {SECRET}}}",
        f"api_keys: {{binance: {{{SECRET}}}}}",
        f"api_keys: {{{SECRET}: x}}",
        f"api_keys: {{binance: {{key: x, secret: [{SECRET}]}}}}",
        f"alerts: {{dead_mans_ping: 'hc-ping.com/{SECRET}'}}",
        f"alerts: {{dead_mans_ping: [{SECRET}]}}",
        f"alerts: {{dead_mans_ping: 'https://{SECRET}@host/'}}",
        f"sync: {{target: 'abfs:/lake?sig={SECRET}'}}",
        f"sync: {{endpoint_url: 'ftp://host?sig={SECRET}'}}",
        f"exchanges: {{binance: {{symbols: [A], rest_url: 'ftp://host?token={SECRET}'}}}}",
        "sync: {secret_key: 1234567, access_key: 7654321}",
    ],
)
def test_no_message_holds_a_secret(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "f")
    for secret in (SECRET, "1234567", "7654321"):
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value.problems)
    assert caught.value.__cause__ is None


def test_a_configuration_shows_its_secrets_nowhere() -> None:
    text = (
        "exchanges: {binance: {symbols: [BTCUSDT]}}\n"
        f"sync: {{target: s3://b, access_key: {SECRET}, secret_key: {SECRET}}}\n"
        f'alerts: {{urls: ["ntfy://host/{SECRET}"], dead_mans_ping: "https://host/{SECRET}"}}\n'
    )
    config = parse_config(text.encode(), "f")
    for shown in (repr(config), str(config), effective(config), repr(config.sync), str(config.model_dump())):
        assert SECRET not in shown
    assert effective(config).count("'**********'") == 4
