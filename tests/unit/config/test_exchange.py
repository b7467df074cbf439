"""The streams that follow from symbols and channels."""

from __future__ import annotations

import pytest

from daedalus.config import ConfigError, parse_config
from daedalus.config.report import effective
from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Subscription


def streams(yaml: str, name: str = "binance") -> list[tuple[str, str]]:
    config = parse_config(f"exchanges: {{{name}: {yaml}}}".encode(), "f")
    found = config.exchanges[name].subscriptions()
    assert all(isinstance(one, Subscription) for one in found)
    return [(one.channel, one.symbol) for one in found]


def test_symbols_get_the_spelling_of_the_exchange_and_come_once() -> None:
    found = streams("{symbols: [btcusdt, BTCUSDT, EthUsdt], channels: [trade, trade]}")
    assert found == [("trade", "BTCUSDT"), ("trade", "ETHUSDT")]


def test_a_list_of_channels_applies_to_every_symbol() -> None:
    found = streams("{symbols: [A, B], channels: [depth, trade]}")
    assert found == [("depth", "A"), ("depth", "B"), ("trade", "A"), ("trade", "B")]


def test_a_mapping_gives_each_channel_its_own_symbols() -> None:
    found = streams("{channels: {trade: [a], depth: [b, B]}}")
    assert found == [("trade", "A"), ("depth", "B")]


def test_a_channel_of_a_mapping_without_a_list_has_the_symbols_of_the_exchange() -> None:
    found = streams("{symbols: [A, B], channels: {trade: , depth: [C]}}")
    assert found == [("trade", "A"), ("trade", "B"), ("depth", "C")]


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_left_out_channels_are_all_that_are_per_symbol(name: str) -> None:
    per_symbol = [channel for channel, about in EXCHANGES[name].channels.items() if about.per_symbol]
    symbol = EXCHANGES[name].requests.symbol("A-PERP")  # Bitstamp's others have no funding
    assert streams("{symbols: [A-PERP]}", name) == [(channel, symbol) for channel in per_symbol]


def test_a_channel_that_is_not_per_symbol_is_one_stream_and_needs_no_symbols() -> None:
    assert streams("{channels: [status]}", "coinbase_exchange") == [("status", "")]
    both = streams("{symbols: [A-B, C-D], channels: [status, ticker]}", "coinbase_exchange")
    assert both == [("status", ""), ("ticker", "A-B"), ("ticker", "C-D")]


def test_symbols_may_have_letters_of_any_script() -> None:
    assert streams("{symbols: [币安人生USDT], channels: [trade]}") == [("trade", "币安人生USDT")]


def test_a_symbol_of_10_kb_is_refused_in_a_word() -> None:
    with pytest.raises(ConfigError) as caught:
        streams(f"{{symbols: ['../{'a' * 10_000}']}}")
    assert len(str(caught.value)) < 300


def test_symbols_are_needed_where_one_channel_of_a_mapping_has_none() -> None:
    with pytest.raises(ConfigError, match="symbols: is missing, and channel 'depth' needs it"):
        streams("{channels: {trade: [A], depth: }}")


def test_a_stream_that_the_exchange_has_not_is_recorded_only_where_it_is_named() -> None:
    spot = [("live_trades", "btcusd"), ("diff_order_book", "btcusd"), ("live_orders", "btcusd")]
    assert streams("{symbols: [btcusd]}", "bitstamp") == spot
    assert ("funding_rate", "btcusd-perp") in streams("{symbols: [btcusd, btcusd-perp]}", "bitstamp")
    assert ("funding_rate", "btcusd") not in streams("{symbols: [btcusd, btcusd-perp]}", "bitstamp")
    assert streams("{symbols: [btcusd], channels: [funding_rate]}", "bitstamp") == [
        ("funding_rate", "btcusd")
    ]


@pytest.mark.parametrize("symbols", ["[btcusd]", "[btcusd, btcusd-perp]", "[btcusd-perp]"])
def test_the_streams_of_what_is_shown_are_those_of_the_file(symbols: str) -> None:
    config = parse_config(f"exchanges: {{bitstamp: {{symbols: {symbols}}}}}".encode(), "f")
    again = parse_config(effective(config).encode(), "f")
    assert again.exchanges["bitstamp"].subscriptions() == config.exchanges["bitstamp"].subscriptions()
