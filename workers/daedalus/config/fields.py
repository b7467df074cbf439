"""The types of single values: what each accepts, and what to write instead of a refused value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    SecretStr,
    Strict,
    Tag,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from ..exchanges import EXCHANGES
from .problems import nearest, quoted

__all__ = [
    "AlertUrl",
    "ChannelMap",
    "Channels",
    "Connections",
    "ExchangeName",
    "HttpUrl",
    "Location",
    "PingUrl",
    "Symbols",
    "Target",
    "WebsocketUrl",
    "refuse",
]


def refuse(text: str) -> PydanticCustomError:
    """The error for a validator to raise; ``text`` is shown unchanged."""
    return PydanticCustomError("refused", "{text}", {"text": text})


def _exchange_name(name: str) -> str:
    if name not in EXCHANGES:
        raise refuse(f"unknown exchange {quoted(name)}. {nearest(name, sorted(EXCHANGES))}")
    return name


_LONGEST_SYMBOL = 60
"""Longer text is not shown as an example; the names of options have some 30 characters."""

_ANY_MARKS = "".join(sorted(set("".join(exchange.symbol_marks for exchange in EXCHANGES.values()))))


def _symbol(text: str, info: ValidationInfo) -> str:
    """The symbol in the exchange's spelling. For an unknown exchange only the characters are checked."""
    if text.lower() == "all":
        raise refuse("'all' is not a symbol. Name each one, for example [BTCUSDT, ETHUSDT].")
    exchange = EXCHANGES.get(info.data.get("name", ""))
    marks = exchange.symbol_marks if exchange else _ANY_MARKS
    if not text or ".." in text or not all(c.isalnum() or c in marks for c in text):
        squeezed = "".join(c for c in text if c.isalnum())
        likely = 0 < len(squeezed) <= _LONGEST_SYMBOL
        remedy = f" Write it as the exchange does, for example {squeezed}." if likely else ""
        raise refuse(f"expected a symbol of letters, digits and {marks} only, got {quoted(text)}.{remedy}")
    symbol = exchange.requests.symbol(text) if exchange else text
    if exchange and (why := exchange.requests.refuses(symbol)):
        raise refuse(why)
    return symbol


def _channel(name: str, info: ValidationInfo) -> str:
    exchange = EXCHANGES.get(info.data.get("name", ""))
    if exchange and name not in exchange.channels:
        raise refuse(f"unknown channel {quoted(name)}. {nearest(name, list(exchange.channels))}")
    return name


def _not_empty(example: str) -> BeforeValidator:
    def check(value: object) -> object:
        if value == [] or value == ():
            raise refuse(f"expected a list with at least one entry, got an empty one. Write {example}.")
        return value

    return BeforeValidator(check)


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


Symbols = Annotated[
    tuple[Annotated[str, AfterValidator(_symbol)], ...],
    Strict(False),
    AfterValidator(_unique),
    _not_empty("[BTCUSDT]"),
]
"""Symbols of one exchange in its spelling; at least one, without repeats."""

ChannelName = Annotated[str, AfterValidator(_channel)]
ChannelList = Annotated[
    tuple[ChannelName, ...],
    Strict(False),
    AfterValidator(_unique),
    _not_empty("[trade], or remove the key for all"),
]
ChannelMap = Mapping[ChannelName, Symbols | None]

Channels = Annotated[
    Annotated[ChannelList, Tag("<list>")] | Annotated[ChannelMap, Tag("<mapping>")],
    Discriminator(lambda value: "<mapping>" if isinstance(value, Mapping) else "<list>"),
]
"""Channels with the same symbols, or each with its own (None: those of the exchange)."""

ExchangeName = Annotated[str, AfterValidator(_exchange_name)]


def _url(*schemes: str) -> AfterValidator:
    example = f"{schemes[0]}://127.0.0.1:9001"

    def check(text: str) -> str:
        try:
            parts = urlsplit(text)
            sound = parts.scheme in schemes and parts.hostname and parts.port != 0 and text.isprintable()
        except ValueError:
            sound = False
        if "@" in text:
            raise refuse("this URL must not contain a user or a password. Remove what stands before the @.")
        if not sound or " " in text:
            raise refuse(
                f"expected a URL that begins with {' or '.join(f'{s}://' for s in schemes)}, "
                f"got {_quoted_url(text)}. Write for example {example}."
            )
        return text.rstrip("/")

    return AfterValidator(check)


def _quoted_url(text: str) -> str:
    """The URL without its query, which may contain a token."""
    return quoted(text.partition("?")[0])


def _few(number: int) -> int:
    if not 1 <= number <= 4:
        raise refuse(f"expected 1 to 4 connections, got {number}. Write 2 to lose nothing with one of them.")
    return number


Connections = Annotated[int, AfterValidator(_few)]
"""How many independent connections carry the same streams."""

WebsocketUrl = Annotated[str, _url("ws", "wss"), Field(title="URL")]
HttpUrl = Annotated[str, _url("http", "https"), Field(title="URL")]


def _target(text: str) -> str:
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise refuse(
            "the target must not contain a key or a password. Write access_key and secret_key instead."
        )
    scheme, separator, rest = text.partition("://")
    if not separator or not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or not text.isprintable():
        remedy = (
            f"file://{text.partition('?')[0]}"
            if text.startswith("/")
            else "s3://bucket/prefix or file:///path"
        )
        raise refuse(f"expected a URL, got {_quoted_url(text)}. Write {remedy}.")
    if scheme == "file" and not rest.startswith("/"):
        raise refuse(
            f"expected an absolute path after file://, got {_quoted_url(text)}. Write file:///{rest.partition('?')[0]}."
        )
    if not rest.strip("/") and scheme != "file":
        raise refuse(
            f"expected a bucket after {scheme}://, got {_quoted_url(text)}. Write {scheme}://bucket/prefix."
        )
    return text.rstrip("/") if rest.strip("/") else text


Target = Annotated[str, AfterValidator(_target), Field(title="URL")]
"""A URL that fsspec can open, without credentials in it."""


def _alert_url(secret: SecretStr) -> SecretStr:
    """Check only that it looks like a URL: importing apprise would take 40 MB in every worker."""
    text = secret.get_secret_value()
    if not re.fullmatch(r"[a-z][a-z0-9+-]*://\S+", text):
        raise refuse(
            "expected a URL of apprise, got something else, which is not shown. "
            'Write for example "ntfy://ntfy.sh/my-topic" or "mailto://user:password@example.org".'
        )
    return secret


AlertUrl = Annotated[SecretStr, AfterValidator(_alert_url)]
"""Where alerts go: a service of apprise, with its key in the URL."""


def _ping_url(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not re.fullmatch(r"https?://[^\s/@?#]+(/\S*)?", text) or not text.isprintable():
        raise refuse(
            "expected a URL that begins with http:// or https://, got something else, which is not shown. "
            "Write for example https://hc-ping.com/your-uuid."
        )
    return secret


PingUrl = Annotated[SecretStr, AfterValidator(_ping_url), Field(title="URL")]
"""The URL of a service that expects a regular call. Whoever knows it can call it: a secret."""


def _location(value: object) -> Path:
    if not isinstance(value, str | Path):
        raise refuse("expected a path in quotes. Write for example data.")
    text = str(value)
    if not text.strip() or not text.isprintable():
        raise refuse(f"expected a path, got {quoted(text)}. Write for example data or /var/lib/daedalus.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise refuse(f"the home directory in {quoted(text)} is not known. Write an absolute path.") from None


Location = Annotated[Path, BeforeValidator(_location), Field(title="path")]
"""A directory. ``~`` is the home directory; a relative path starts at the configuration's directory."""
