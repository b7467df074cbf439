"""What is recorded from one exchange: symbols, channels, and the streams they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from ..exchanges import EXCHANGES
from ..exchanges.model import Exchange, Subscription
from .fields import Channels, Connections, ExchangeName, HttpUrl, Symbols, WebsocketUrl, refuse
from .section import Section

__all__ = ["ExchangeConfig", "Exchanges"]


class ExchangeConfig(Section):
    """What is recorded from one exchange. ``name`` is the key in the file, not a key below it."""

    name: ExchangeName
    channels: Channels | None = Field(
        default=None,
        title="list or mapping",
        examples=[
            ["trade", "aggTrade", "depth", "bookTicker"],
            {"trade": ["BTCUSDT", "ETHUSDT"], "depth": ["BTCUSDT"], "bookTicker": None},
        ],
        description="What to record. A list counts for all symbols: `[trade, depth]`. A mapping gives "
        "channels their own symbols: `{trade: [BTCUSDT], depth: [ETHUSDT]}`; a channel without a list has "
        "`symbols`. `null`: every channel that has one stream per symbol, for each symbol that has it. "
        "Leave out what nobody will read: books and quotes are most of the bytes.",
    )
    symbols: Symbols | None = Field(
        default=None,
        validate_default=True,
        title="list",
        examples=[["BTCUSDT", "ETHUSDT"]],
        description="The exchange's own names. Required unless every channel has its own list. There is no "
        "word for all symbols. Case does not matter where it does not matter to the exchange. Quote a name "
        'that YAML reads as something else: `"NO"`, `"1000"`.',
    )
    connections: Connections = Field(
        default=1,
        title="1 to 4",
        description="Independent connections that carry the same streams: what one loses, another has; "
        "duplicates are removed. The second costs a third more CPU, 40 % more raw bytes and twice the "
        "bandwidth.",
    )
    websocket_url: WebsocketUrl | None = Field(
        default=None,
        examples=["ws://127.0.0.1:9001"],
        description="Another address for the websockets: another region, the simulator. `null`: the "
        "exchange's own.",
    )
    rest_url: HttpUrl | None = Field(
        default=None,
        examples=["http://127.0.0.1:9001"],
        description="Another address for REST (snapshots, backfill). `null`: the exchange's own.",
    )

    @field_validator("symbols")
    @classmethod
    def _given_where_needed(
        cls, value: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        exchange = EXCHANGES.get(info.data.get("name", ""))
        if value is None and exchange is not None and "channels" in info.data:
            channels = info.data["channels"]
            own = channels if isinstance(channels, Mapping) else {}
            for channel in _names(exchange, channels):
                if exchange.channels[channel].per_symbol and own.get(channel) is None:
                    raise refuse(f"is missing, and channel '{channel}' needs it. Write symbols: [BTCUSDT].")
        return value

    @property
    def exchange(self) -> Exchange:
        return EXCHANGES[self.name]

    def subscriptions(self) -> list[Subscription]:
        """Every stream to record, once, in the order of the file.

        Without ``channels``: every channel with one stream per symbol, for each symbol that has it. A channel
        with one stream for all symbols has the symbol "".
        """
        return list(dict.fromkeys(self._streams()))

    def _streams(self) -> Iterator[Subscription]:
        own = self.channels if isinstance(self.channels, Mapping) else {}
        for channel in _names(self.exchange, self.channels):
            if not self.exchange.channels[channel].per_symbol:
                yield Subscription(channel, "")
                continue
            for symbol in own.get(channel) or self.symbols or ():
                if self.channels is not None or self.exchange.requests.serves(channel, symbol):
                    yield Subscription(channel, symbol)


def _names(exchange: Exchange, channels: Iterable[str] | None) -> list[str]:
    if channels is not None:
        return list(channels)
    return [name for name, channel in exchange.channels.items() if channel.per_symbol]


def _with_names(value: object) -> object:
    """Give each exchange its key as ``name``, which the checks of its fields need."""
    if not isinstance(value, Mapping):
        return value
    if not value:
        raise refuse(
            "expected at least one exchange, got none. Write exchanges: {binance: {symbols: [BTCUSDT]}}."
        )
    return {name: _with_name(name, settings) for name, settings in value.items()}


def _with_name(name: str, settings: object) -> object:
    if settings is None or isinstance(settings, Mapping):
        return {"name": name, **(settings or {})}
    return settings


def _names_agree(value: Mapping[str, ExchangeConfig]) -> Mapping[str, ExchangeConfig]:
    for key, exchange in value.items():
        if exchange.name != key:
            raise refuse(
                f"'{key}' holds name: {exchange.name}. Remove the name; the key is the exchange's name."
            )
    return value


Exchanges = Annotated[
    Mapping[str, ExchangeConfig], AfterValidator(_names_agree), BeforeValidator(_with_names)
]
"""At least one exchange, by name."""
