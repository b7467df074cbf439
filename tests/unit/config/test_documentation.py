"""The example and the page on configuration say what the model does: every key, every default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from daedalus.config import Config, ExchangeConfig, load_config, parse_config
from daedalus.config.report import warnings
from daedalus.exchanges import EXCHANGES

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLE = REPOSITORY / "config" / "config.examples.yaml"
PAGE = REPOSITORY / "docs" / "configuration.md"

SET_OFF = re.compile(r"^(\s*)#(?=\S)", re.MULTILINE)
DEFAULT = re.compile(r"Default: (\S+?)\.?(?=\s|$)")


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of the model that holds a value, with its default."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from leaves(type(field.default), (*path, name))
        elif name != "exchanges":
            yield (*path, name), _as_in_yaml(field.default)


def _as_in_yaml(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


LEAVES = dict(leaves(Config))


def set_on() -> str:
    """The example with every setting that is off turned on."""
    return SET_OFF.sub(r"\1", EXAMPLE.read_text(encoding="utf-8"))


def at(tree: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def comment_above(key: tuple[str, ...]) -> str:
    """The comment that stands directly above a key, as one line."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    indent = "  " * (len(key) - 1)
    section = 0
    for depth, part in enumerate(key[:-1]):
        section = next(i for i in range(section, len(lines)) if re.match(f"{'  ' * depth}{part}:", lines[i]))
    row = next(i for i in range(section, len(lines)) if re.match(f"{indent}#?{key[-1]}:", lines[i]))
    above = []
    while lines[row - 1].strip().startswith("# "):
        row -= 1
        above.insert(0, lines[row].strip().removeprefix("# "))
    return " ".join(above)


def test_the_example_is_right_and_gives_no_warning() -> None:
    config = load_config(EXAMPLE)
    assert warnings(config, EXAMPLE) == []
    named = EXAMPLE.read_text(encoding="utf-8")
    assert all(re.search(rf"\b{name}\b", named) for name in EXCHANGES)


def test_the_example_has_the_defaults_wherever_it_sets_something() -> None:
    config = parse_config(EXAMPLE.read_bytes(), "f")
    only_exchanges = Config.model_validate({"exchanges": config.model_dump()["exchanges"]})
    # The example lies in config/, its data beside that; the default is beside the file.
    assert config == only_exchanges.model_copy(update={"data_dir": Path("../data")})


def test_each_setting_of_the_example_that_is_off_is_right_when_it_is_turned_on() -> None:
    text = set_on().replace(
        "    channels: [trade, aggTrade, depth, bookTicker]\n", ""
    )  # the other form of it
    config = parse_config(text.encode(), "example")
    assert config.exchanges["binance"].websocket_url == "ws://127.0.0.1:9001"
    assert config.sync.access_key is not None


@pytest.mark.parametrize("key", LEAVES, ids=".".join)
def test_every_key_is_in_the_example_with_its_default(key: tuple[str, ...]) -> None:
    text = set_on().replace("    channels: [trade, aggTrade, depth, bookTicker]\n", "")
    at(yaml.safe_load(text), key)
    told = DEFAULT.search(comment_above(key))
    assert told, f"no 'Default: …' above {'.'.join(key)}"
    assert yaml.safe_load(told[1]) == LEAVES[key]


def test_every_key_of_an_exchange_is_in_the_example() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for name in ExchangeConfig.model_fields.keys() - {"name"}:
        assert re.search(rf"^\s*#?\s*{name}:", text, re.MULTILINE), name


def page_rows() -> dict[tuple[str, ...], str]:
    """Key path and default of every row in the page's tables."""
    section: tuple[str, ...] = ()
    rows = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"#+ (.*)", line):
            section = tuple(heading[1].split(".")) if heading[1].split(".")[0] in Config.model_fields else ()
        elif row := re.match(r"\| `([a-z_.]+)` \| ([^|]+) \|", line):
            rows[(*section, *row[1].split("."))] = row[2].strip()
    return rows


def test_the_page_has_every_key_with_its_default() -> None:
    rows = page_rows()
    for key, default in LEAVES.items():
        assert yaml.safe_load(rows[key].strip("`")) == default, key
    for name in ExchangeConfig.model_fields.keys() - {"name"}:
        assert ("exchanges", "NAME", name) in rows


def test_the_page_names_every_exchange_with_its_channels() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, exchange in EXCHANGES.items():
        per_symbol = ", ".join(f"`{c}`" for c, about in exchange.channels.items() if about.per_symbol)
        others = ", ".join(f"`{c}`" for c, about in exchange.channels.items() if not about.per_symbol)
        assert re.search(rf"\| `{name}` \| {per_symbol} \|\s*{others}\s*\|", text), name


def test_the_errors_shown_on_the_page_are_the_real_ones() -> None:
    from daedalus.config import ConfigError

    text = "data_dir: data\n\nexchanges:\n  binance:\n    symbols: BTCUSDT\n\n\nwriter:\n  batchsize: 5\n"
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "config.yaml")
    shown = re.findall(r"^config\.yaml:\d+ .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    for line, real in zip(shown, str(caught.value).splitlines(), strict=True):
        assert real.startswith(line.removesuffix("…"))
