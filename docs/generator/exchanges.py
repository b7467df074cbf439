"""What each exchange offers, for docs/exchanges.md, docs/configuration.md, the example and the README."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Exchange, Proof, Subscription

__all__ = ["channel_names", "channels", "known_names", "limits", "linked", "with_headings"]

PROOFS = {
    Proof.IDS: "ids",
    Proof.CHAIN: "chain",
    Proof.SEQUENCE: "frames",
    Proof.CHECKSUM: "checksum",
    Proof.NONE: "none",
}
MANY = 100
"""Symbols for which the number of connections is told."""


def channels(exchange: Exchange) -> str:
    """The channels of one exchange: table, proof, what the exchange leaves out."""
    rows = ["| channel | table | proof | left out by the exchange |", "| --- | --- | --- | --- |"]
    for name, channel in exchange.channels.items():
        table = f"`{channel.table}`" if channel.table else "raw only"
        rows.append(
            f"| `{name}` | {table} | {PROOFS[channel.proof]} | {channel.lossy}{' ' * bool(channel.lossy)}|"
        )
    return "\n".join(rows)


def limits() -> str:
    """The limits that the recorder keeps to, by exchange."""
    rows = [
        f"| exchange | REST weight per minute | seconds between REST requests | seconds between connects "
        f"| connections for {MANY} symbols | a connection is replaced before |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, exchange in EXCHANGES.items():
        limit = exchange.rest_limit
        streams = [
            Subscription(channel, f"S{number}" if about.per_symbol else "")
            for channel, about in exchange.channels.items()
            for number in range(MANY if about.per_symbol else 1)
        ]
        plans = exchange.requests.plan(streams, exchange.websocket_url)
        ends = min((plan.lifetime_seconds for plan in plans if plan.lifetime_seconds), default=None)
        rows.append(
            f"| `{name}` | {limit.weight_per_minute:,} | {limit.interval_seconds or ''} "
            f"| {exchange.connect_interval_seconds} | {len(plans)} | {_duration(ends)} |"
        )
    return "\n".join(rows)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"


def channel_names() -> str:
    """Each exchange's channels: those that are on by default, and those that must be named."""
    rows = [
        "| exchange | one stream per symbol, on by default | one stream for all symbols, off by default |"
    ]
    rows.append("| --- | --- | --- |")
    for name, exchange in EXCHANGES.items():
        per_symbol = [channel for channel, about in exchange.channels.items() if about.per_symbol]
        others = [channel for channel, about in exchange.channels.items() if not about.per_symbol]
        rows.append(f"| `{name}` | {_code(per_symbol)} | {_code(others)}{' ' * bool(others)}|")
    return "\n".join(rows)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def known_names() -> str:
    """All exchanges' names, as a comment of the example."""
    names = textwrap.wrap(f"{', '.join(sorted(EXCHANGES))}.", 96, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(f"# {line}" for line in ["Known exchanges:", *names])


def linked() -> str:
    """All exchanges by their titles, linked to their sections of docs/exchanges.md."""
    links = [
        f"[{each.title}](docs/exchanges.md#{_anchor(name, each.title)})" for name, each in EXCHANGES.items()
    ]
    rows = [" · ".join(links[at : at + 2]) for at in range(0, len(links), 2)]
    return " ·\n".join(rows)


def with_headings(page: str) -> str:
    """docs/exchanges.md with a section for each exchange: one that is new gets its heading and markers."""
    sections = re.split(r"(?m)^(?=## )", page)
    known = {name: at for at, section in enumerate(sections) if (name := _name_of(section))}
    behind = 0
    for name, exchange in EXCHANGES.items():
        heading = f"## `{name}`: {exchange.title}\n"
        if name in known:
            behind = known[name]
            sections[behind] = heading + sections[behind].partition("\n")[2]
        else:
            sections[behind] += (
                f"{heading}\n<!-- {name}: written by make docs -->\n<!-- end of {name} -->\n\n"
            )
    return "".join(sections)


def _name_of(section: str) -> str | None:
    heading = re.match(r"## `(\w+)`: ", section)
    return heading and heading[1]


def _anchor(name: str, title: str) -> str:
    """The anchor of the heading, as GitHub and mkdocs make it."""
    words = re.sub(r"[^\w\s-]", "", f"{name} {title}".lower())
    return re.sub(r"\s+", "-", words)
